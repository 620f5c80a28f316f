package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"clientele/engine/table"
)

// The canonical text of an order's items: one record for each, and in it product
// id, name, quantity, unit price and net, empty where they are not told. Numbers
// are plain decimals.
const (
	itemEnd  = '\x1e' // stands between records
	fieldEnd = '\x1f' // stands between the fields of a record
)

// item is one line of an order.
type item struct {
	product, name         []byte
	quantity, price, net  int64 // units of 1/10,000
	hasQuantity, hasPrice bool
	hasNet                bool
}

// itemKeys are the folded names of the parts of an item, best first.
func itemKeys() [5][]string {
	return [5][]string{
		{"sku", "productid", "productcode", "itemid", "variantid", "asin", "id", "商品编码", "商品id"},
		{"name", "title", "productname", "producttitle", "itemname", "商品名称", "商品标题"},
		{"quantity", "qty", "count", "数量", "购买数量"},
		{"unitprice", "price", "itemprice", "单价", "价格"},
		{"linetotal", "total", "net", "lineamount", "linenet", "amount", "subtotal", "金额", "小计"},
	}
}

const reasonNoItems = "not a list of items: a JSON array of objects, or name:..|sku:..|quantity:..|total:.."

// items converts a column of order lines. A cell that says something else, such as
// how many items there are, has none.
func (c *converter) items(b *Block, col *column) {
	out := c.new(col.target)
	t := &out.Texts
	for r := range c.rows {
		v := cell(b, r, col.index)
		before := len(t.Bytes)
		var reason string
		if !c.valid && !utf8.Valid(v) {
			reason = reasonNotUTF8
		} else {
			t.Bytes, reason = appendItems(t.Bytes, v)
		}
		if reason != "" {
			c.reject(b, r, col, v, reason)
		}
		if len(t.Bytes) == before {
			setNull(out, r, c.rows)
		}
		t.Offsets = append(t.Offsets, int32(len(t.Bytes)))
	}
	c.done(out)
}

// appendItems appends the canonical text of a trimmed cell, which is valid UTF-8.
// On a reason dst is returned as it was.
func appendItems(dst, cell []byte) (_ []byte, reason string) {
	var all []item
	switch {
	case len(cell) == 0:
		return dst, ""
	case cell[0] == '[' || cell[0] == '{':
		all, reason = jsonItems(cell)
	default:
		all, reason = pipedItems(cell)
	}
	if reason != "" {
		return dst, reason
	}
	first := true
	for i := range all {
		if len(all[i].product) == 0 && len(all[i].name) == 0 {
			continue
		}
		if !first {
			dst = append(dst, itemEnd)
		}
		dst, first = all[i].append(dst), false
	}
	return dst, ""
}

func (i *item) append(dst []byte) []byte {
	dst = appendField(dst, i.product)
	dst = appendField(append(dst, fieldEnd), i.name)
	for _, n := range [...]struct {
		units int64
		told  bool
	}{{i.quantity, i.hasQuantity}, {i.price, i.hasPrice}, {i.net, i.hasNet}} {
		if dst = append(dst, fieldEnd); n.told {
			dst = appendDecimal(dst, n.units)
		}
	}
	return dst
}

// appendField appends a text without the characters that end fields and records.
func appendField(dst, text []byte) []byte {
	for _, c := range trim(text) {
		if c == itemEnd || c == fieldEnd {
			c = ' '
		}
		dst = append(dst, c)
	}
	return dst
}

// appendDecimal appends units of 1/10,000 as a plain decimal without needless zeros.
func appendDecimal(dst []byte, units int64) []byte {
	if units < 0 {
		dst, units = append(dst, '-'), -units
	}
	dst = strconv.AppendInt(dst, units/table.DecimalScale, 10)
	frac := units % table.DecimalScale
	if frac == 0 {
		return dst
	}
	digits := strconv.AppendInt(nil, table.DecimalScale+frac, 10)[1:]
	return append(append(dst, '.'), bytes.TrimRight(digits, "0")...)
}

// set puts a value, given as text, into part number part of an item (itemKeys).
func (i *item) set(part int, text []byte) (reason string) {
	text = trim(text)
	switch part {
	case 0:
		i.product, reason = cleanID(text, true)
	case 1:
		i.name = text
	case 2:
		i.quantity, i.hasQuantity, reason = itemNumber(text)
	case 3:
		i.price, i.hasPrice, reason = itemNumber(text)
	case 4:
		i.net, i.hasNet, reason = itemNumber(text)
	}
	return reason
}

// itemNumber reads a number of an item; a list of items has no column that could
// tell its decimal sign, so each number is read as it can be.
func itemNumber(text []byte) (units int64, told bool, reason string) {
	if absentAmount(text) {
		return 0, false, ""
	}
	if units, reason = parseMoney(text, stylePoint); reason != "" {
		if u, r := parseMoney(text, styleComma); r == "" {
			return u, true, ""
		}
	}
	return units, reason == "", reason
}

// pipedItems reads name:Mug|sku:M1|quantity:2|total:9.00, several of them with ; or
// a record separator between. A part without a key of its own belongs to the value
// before: names may hold a |. A text without such parts is no list of items.
func pipedItems(cell []byte) (all []item, reason string) {
	separator := []byte{itemEnd}
	if bytes.IndexByte(cell, itemEnd) < 0 {
		separator = []byte(";")
	}
	keys := itemKeys()
	for _, record := range bytes.Split(cell, separator) {
		var i item
		for p, text := range pipedParts(&keys, record) {
			if reason := i.set(p, text); reason != "" {
				return nil, reason
			}
		}
		all = append(all, i)
	}
	return all, ""
}

// pipedParts are the values of one record by number of part, views of it.
func pipedParts(keys *[5][]string, record []byte) (parts [5][]byte) {
	var ranks [5]int
	open, from := -1, 0 // the part that is being read, and where its value begins
	for at := 0; at <= len(record); {
		end := len(record)
		if i := bytes.IndexByte(record[at:], '|'); i >= 0 {
			end = at + i
		}
		key, value, keyed := bytes.Cut(record[at:end], []byte(":"))
		p, rank := -1, 0
		if keyed {
			p, rank = partOf(keys, string(key))
		}
		switch {
		case p >= 0 && len(trim(value)) > 0 && (parts[p] == nil || rank < ranks[p]):
			open, from, ranks[p] = p, at+len(key)+1, rank
		case p >= 0, keyed && identifier(key):
			open = -1 // a blank value, a worse name for what is there, or a key that we have no use for
		}
		if open >= 0 {
			parts[open] = record[from:end]
		}
		at = end + 1
	}
	return parts
}

// partOf finds out which part of an item a key names, and how good a name it is;
// -1 when it names none.
func partOf(keys *[5][]string, key string) (part, rank int) {
	f := fold(key)
	for p, names := range keys {
		if rank := slices.Index(names, f); rank >= 0 {
			return p, rank
		}
	}
	return -1, 0
}

// identifier reports a key as programs write them: _reduced_stock, tax_data.
func identifier(b []byte) bool {
	b = bytes.TrimSpace(b)
	for _, c := range b {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return len(b) > 0
}

// jsonItems reads an array of objects, an object that has one under items or
// line_items, or one object.
func jsonItems(cell []byte) (all []item, reason string) {
	decoder := json.NewDecoder(bytes.NewReader(cell))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return nil, reasonNoItems
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, reasonNoItems
	}
	list, ok := value.([]any)
	if object, is := value.(map[string]any); is {
		list, ok = []any{object}, true
		for _, key := range [...]string{"items", "line_items", "lineItems"} {
			if inner, is := object[key].([]any); is {
				list = inner
			}
		}
	}
	if !ok {
		return nil, reasonNoItems
	}
	keys := itemKeys()
	for _, element := range list {
		object, is := element.(map[string]any)
		if !is {
			continue // a list of names or numbers says nothing about lines
		}
		i, reason := jsonItem(&keys, object)
		if reason != "" {
			return nil, reason
		}
		all = append(all, i)
	}
	return all, ""
}

func jsonItem(keys *[5][]string, object map[string]any) (i item, reason string) {
	var best [5]int
	var text [5]string
	for key, value := range object {
		p, rank := partOf(keys, key)
		t, ok := scalar(value)
		if p < 0 || !ok || strings.TrimSpace(t) == "" {
			continue
		}
		// Of two spellings of one key the smaller text counts: the order of a map is random.
		if rank++; best[p] == 0 || rank < best[p] || rank == best[p] && t < text[p] {
			best[p], text[p] = rank, t
		}
	}
	for p, t := range text {
		if best[p] == 0 {
			continue
		}
		if reason := i.set(p, []byte(t)); reason != "" {
			return i, reason
		}
	}
	return i, ""
}

// scalar is the text of a value, of the amount in {"amount": "9.00", "currency": ..}.
func scalar(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case map[string]any:
		for _, key := range [...]string{"amount", "value"} {
			if t, ok := v[key].(string); ok {
				return t, true
			}
			if n, ok := v[key].(json.Number); ok {
				return n.String(), true
			}
		}
	}
	return "", false
}
