package ingest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// customers fills customer_key: the id of the row, else one made from its e-mail
// address, else from its telephone number.
func (c *converter) customers(b *Block) {
	id, email, phone := c.column("customer_id"), c.out["email"], c.out["phone"]
	if id == nil && email == nil && phone == nil {
		return
	}
	out := c.new("customer_key")
	var via []int32
	if email != nil || phone != nil {
		via = c.new("customer_via").Codes
	}
	t := &out.Texts
	masked := int64(0)
	for r := range c.rows {
		code := int32(codeNone)
		if id != nil {
			v, _ := b.Cell(r, id.index)
			key, reason := cleanID(v, c.valid)
			if reason != "" {
				c.reject(b, r, id, v, reason)
			}
			switch {
			case hidden(key):
				masked++
			case len(key) > 0:
				t.Bytes, code = append(t.Bytes, key...), 0
			}
		}
		if code < 0 && email != nil && !email.Missing(r) && keyEmail(email.Texts.At(r)) {
			t.Bytes, code = c.opaque(t.Bytes, "email:", email.Texts.At(r)), 1
		}
		if code < 0 && phone != nil && !phone.Missing(r) {
			t.Bytes, code = c.opaque(t.Bytes, "phone:", phone.Texts.At(r)), 2
		}
		if code < 0 {
			setNull(out, r, c.rows)
		}
		if via != nil {
			via[r] = code
		}
		t.Offsets = append(t.Offsets, int32(len(t.Bytes)))
	}
	if id != nil {
		c.masked.add(id.header, masked)
	}
	c.done(out)
}

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// opaque appends the id of a customer known by an address only: the first 16
// bytes of HMAC-SHA256(key, "email:"+address), in base32.
func (c *converter) opaque(dst []byte, prefix string, address []byte) []byte {
	if c.mac == nil {
		c.mac = hmac.New(sha256.New, c.key)
	}
	c.mac.Reset()
	c.buf = append(append(c.buf[:0], prefix...), address...)
	c.mac.Write(c.buf)
	c.buf = c.mac.Sum(c.buf[:0])
	return idEncoding.AppendEncode(dst, c.buf[:16])
}

// names fills name from its own column, else from first and last name; Chinese
// ones are joined without a blank, last name first.
func (c *converter) names(b *Block) {
	name, first, last := c.column("name"), c.column("first_name"), c.column("last_name")
	out := c.new("name")
	t := &out.Texts
	masked := map[string]int64{}
	part := func(col *column, r int) []byte {
		if col == nil {
			return nil
		}
		v := cell(b, r, col.index)
		if !utf8.Valid(v) {
			c.reject(b, r, col, v, reasonNotUTF8)
			return nil
		}
		if hidden(v) {
			masked[col.header]++
			return nil
		}
		return v
	}
	for r := range c.rows {
		whole, f, l := part(name, r), part(first, r), part(last, r)
		han, _ := utf8.DecodeRune(l)
		switch {
		case len(whole) > 0:
			t.Bytes = append(t.Bytes, whole...)
		case len(f) == 0 && len(l) == 0:
			setNull(out, r, c.rows)
		case unicode.Is(unicode.Han, han):
			t.Bytes = append(append(t.Bytes, l...), f...)
		default:
			t.Bytes = append(t.Bytes, f...)
			if len(f) > 0 && len(l) > 0 {
				t.Bytes = append(t.Bytes, ' ')
			}
			t.Bytes = append(t.Bytes, l...)
		}
		t.Offsets = append(t.Offsets, int32(len(t.Bytes)))
	}
	for header, n := range masked {
		c.masked.add(header, n)
	}
	c.done(out)
}

// attributes fills a JSON object of the columns mapped to attribute.NAME, in the
// order of the names; absent values are left out.
func (c *converter) attributes(b *Block) {
	var cols []*column
	for i := range c.columns {
		if c.columns[i].typ == typeAttribute {
			cols = append(cols, &c.columns[i])
		}
	}
	slices.SortFunc(cols, func(a, b *column) int { return strings.Compare(a.target, b.target) })
	out := c.new("attributes")
	t := &out.Texts
	for r := range c.rows {
		sep := byte('{')
		for _, col := range cols {
			v := cell(b, r, col.index)
			if len(v) == 0 {
				continue
			}
			if !utf8.Valid(v) {
				c.reject(b, r, col, v, reasonNotUTF8)
				continue
			}
			t.Bytes = append(t.Bytes, sep)
			t.Bytes = appendJSON(t.Bytes, []byte(strings.TrimPrefix(col.target, attributePrefix)))
			t.Bytes = append(t.Bytes, ':')
			t.Bytes = appendJSON(t.Bytes, v)
			sep = ','
		}
		if sep == '{' {
			setNull(out, r, c.rows)
		} else {
			t.Bytes = append(t.Bytes, '}')
		}
		t.Offsets = append(t.Offsets, int32(len(t.Bytes)))
	}
	c.done(out)
}

// appendJSON appends valid UTF-8 as a JSON string.
func appendJSON(dst, v []byte) []byte {
	dst = append(dst, '"')
	for _, c := range v {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = append(dst, `\u00`...)
			if c < 16 {
				dst = append(dst, '0')
			}
			dst = strconv.AppendUint(dst, uint64(c), 16)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
