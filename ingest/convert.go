package ingest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/zeebo/xxh3"

	"clientele/engine/table"
)

// column is a bound column of a file with all that decides how it is converted.
type column struct {
	target string
	typ    colType
	index  int // in the file
	header string
	insist bool // a row without a value is rejected
	order  dateOrder
	style  decimalStyle
	zone   *zone // of instants that name none
}

// plan says how the rows of one file become a table. It is not written while
// converters use it.
type plan struct {
	kind     kind
	columns  []column // in the order of the file, so that a row's first fault is its leftmost
	zone     *zone
	statuses lexicon
	limit    int64 // microseconds UTC; later facts are rejected
	lastDay  int32 // the same as a date in the business zone
	key      []byte
	fields   []table.Field
	tags     []uint32 // by field: names it in the hash of a row; 0 keeps it out
}

// newPlan lays out the output for the bindings of a file.
func newPlan(k kind, bindings []Binding, opt Options) (*plan, error) {
	zone := newZone(opt.Zone)
	p := &plan{kind: k, zone: zone, key: opt.Key, limit: math.MaxInt64, lastDay: math.MaxInt32}
	if !opt.Now.IsZero() {
		limit := opt.Now.Add(24 * time.Hour)
		cur := zone.cursor()
		p.limit, p.lastDay = limit.UnixMicro(), cur.day(limit.Unix())
	}
	var err error
	if p.statuses, err = withStatuses(opt.Status); err != nil {
		return nil, err
	}
	utc := newZone(time.UTC)
	for _, b := range bindings {
		c := column{target: b.Target, typ: typeAttribute, index: b.Index, header: b.Header, zone: zone,
			insist: slices.Contains(k.insist, b.Target)}
		for _, t := range targetsOf(k.name) {
			if t.name == b.Target {
				c.typ = t.typ
			}
		}
		if inUTC(b.Header) {
			c.zone = utc
		}
		p.columns = append(p.columns, c)
	}
	slices.SortStableFunc(p.columns, func(a, b column) int { return a.index - b.index })
	p.layout()
	return p, configured(p.columns, opt)
}

// inUTC reports a header that says that its times are UTC: "Created (UTC)", "date_utc".
func inUTC(header string) bool {
	f := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(header)), ")")
	for _, zone := range [...]string{"utc", "gmt"} {
		if before, ok := strings.CutSuffix(f, zone); ok && (strings.HasSuffix(before, "(") || strings.HasSuffix(before, " ") || strings.HasSuffix(before, "_")) {
			return true
		}
	}
	return false
}

func (p *plan) column(target string) *column {
	for i := range p.columns {
		if p.columns[i].target == target {
			return &p.columns[i]
		}
	}
	return nil
}

func (p *plan) has(targets ...string) bool {
	return slices.ContainsFunc(targets, func(t string) bool { return p.column(t) != nil })
}

// layout makes the fields of the output: line, content, id, customer_key,
// customer_via, then the columns of the kind in the order of columns.tsv.
func (p *plan) layout() {
	add := func(f table.Field, hashed bool) {
		tag := uint32(0)
		if hashed {
			tag = uint32(xxh3.HashString(f.Name)) | 1
		}
		p.fields, p.tags = append(p.fields, f), append(p.tags, tag)
	}
	add(table.Field{Name: "line", Kind: table.Int}, false)
	add(table.Field{Name: "content", Kind: table.Int}, false)
	if p.kind.made || p.has(p.kind.id) {
		add(table.Field{Name: p.kind.id, Kind: table.Text}, p.has(p.kind.id))
	}
	if p.kind.who && p.has("customer_id", "email", "phone") {
		add(table.Field{Name: "customer_key", Kind: table.Text}, true)
		if p.has("email", "phone") {
			add(table.Field{Name: "customer_via", Kind: table.Category, Labels: Vias()}, false)
		}
	}
	attributes := slices.ContainsFunc(p.columns, func(c column) bool { return c.typ == typeAttribute })
	for _, t := range targetsOf(p.kind.name) {
		if t.name == p.kind.id || !p.has(t.name) && !(t.name == "name" && p.has("first_name", "last_name")) {
			continue
		}
		f := table.Field{Name: t.name, Kind: kindOfType(t.typ)}
		switch t.name {
		case "customer_id", "ordered_time", "first_name", "last_name":
			continue // parts of customer_key, ordered_at and name
		case "line":
			f.Name = "line_number"
		}
		switch t.typ {
		case typeStatus:
			f.Labels = Statuses()
		case typeEvent:
			f.Labels = Events()
		case typeGender:
			f.Labels = Genders()
		}
		add(f, true)
		if on := dayOf(t.name); on != "" {
			add(table.Field{Name: on, Kind: table.Date}, false)
		}
	}
	if attributes {
		add(table.Field{Name: "attributes", Kind: table.Text}, true)
	}
}

// Vias returns the labels of customer_via: what a customer is known by.
func Vias() []string { return []string{"id", "email", "phone"} }

// dayOf names the date in the business zone that goes with an instant, for the
// instants by which facts are dated.
func dayOf(target string) string {
	switch target {
	case "ordered_at":
		return "ordered_on"
	case "refunded_at":
		return "refunded_on"
	case "cancelled_at":
		return "cancelled_on"
	case "updated_at":
		return "updated_on"
	case "occurred_at":
		return "occurred_on"
	}
	return ""
}

func kindOfType(t colType) table.Kind {
	switch t {
	case typeInstant:
		return table.Timestamp
	case typePast, typeDate:
		return table.Date
	case typeMoney:
		return table.Decimal
	case typeNumber, typeRating:
		return table.Float
	case typeInt:
		return table.Int
	case typeBool:
		return table.Bool
	case typeStatus, typeEvent, typeGender:
		return table.Category
	}
	return table.Text
}

// converter turns blocks into chunks by a plan. It belongs to one goroutine and
// keeps its scratch between blocks.
type converter struct {
	*plan
	business cursor
	cursors  []cursor // by column
	codes    []*codes // by column, for columns of words
	mac      hash.Hash
	rows     int
	valid    bool    // the data of the block are UTF-8 as a whole, so that cells need no look
	fault    []int32 // by row: 0, or the number of its reject in rejects, counted from 1
	rejects  []Reject
	out      map[string]*table.Column
	buf      []byte
	labels   [][]uint64 // by field: hashes of the labels of a Category
	ratio    map[string]float64
}

func newConverter(p *plan) *converter {
	c := &converter{plan: p, business: p.zone.cursor(), ratio: map[string]float64{}}
	for _, col := range p.columns {
		c.cursors = append(c.cursors, col.zone.cursor())
		var w *codes
		switch col.typ {
		case typeStatus:
			w = newCodes(p.statuses, Statuses())
		case typeEvent:
			w = newCodes(words("event"), Events())
		case typeGender:
			w = newCodes(words("gender"), Genders())
		case typeBool:
			w = newCodes(words("bool"), []string{"false", "true"})
		case typeRating:
			w = newCodes(words("rating"), []string{"0", "1", "2", "3", "4", "5"})
		case typeCurrency:
			w = newCodes(words("currency"), nil)
		}
		c.codes = append(c.codes, w)
	}
	for _, f := range p.fields {
		var h []uint64
		for _, l := range f.Labels {
			h = append(h, xxh3.HashString(l))
		}
		c.labels = append(c.labels, h)
	}
	return c
}

// convert makes the chunk of one block.
func (c *converter) convert(b *Block) *Chunk {
	c.begin(b)
	for i := range c.columns {
		c.convertColumn(b, i)
	}
	if c.kind.who {
		c.customers(b)
	}
	if c.has("first_name", "last_name") {
		c.names(b)
	}
	if slices.ContainsFunc(c.columns, func(col column) bool { return col.typ == typeAttribute }) {
		c.attributes(b)
	}
	c.whole(b)
	t := c.table(b)
	return &Chunk{Table: t, Rejects: c.finish(b), Read: b.Rows() + len(b.Bad)}
}

func (c *converter) begin(b *Block) {
	c.rows = b.Rows()
	c.valid = utf8.Valid(b.Data)
	c.fault = slices.Grow(c.fault[:0], c.rows)[:c.rows]
	clear(c.fault)
	c.rejects = nil
	c.out = make(map[string]*table.Column, len(c.fields))
}

// reject marks a row. The first fault of a row is the one that is kept.
func (c *converter) reject(b *Block, r int, col *column, cell []byte, reason string) {
	if c.fault[r] != 0 {
		return
	}
	j := Reject{Line: b.Lines[r], Reason: reason, Raw: strings.Clone(b.Raw(r))}
	if col != nil {
		j.Column, j.Value = col.header, strings.ToValidUTF8(string(cell), "\ufffd")
	}
	j.Raw = strings.ToValidUTF8(j.Raw, "\ufffd")
	c.rejects = append(c.rejects, j)
	c.fault[r] = int32(len(c.rejects))
}

const reasonMissing = "no value, and one is needed"

// cell returns the trimmed cell, empty when there is none.
func cell(b *Block, r int, index int) []byte {
	v, ok := b.Cell(r, index)
	if !ok {
		return nil
	}
	return trim(v)
}

// new makes an output column of the rows of the block.
func (c *converter) new(name string) *table.Column {
	for _, f := range c.fields {
		if f.Name == name {
			col := table.NewColumn(f, c.rows)
			if f.Kind == table.Text {
				col.Texts.Offsets = col.Texts.Offsets[:1]
				col.Texts.Bytes = make([]byte, 0, int(c.ratio[name]*float64(c.rows))+64)
			}
			c.out[name] = col
			return col
		}
	}
	panic("ingest: no output column " + name)
}

// done remembers how long the texts of a column are, for the next block.
func (c *converter) done(col *table.Column) {
	if c.rows > 0 {
		c.ratio[col.Name] = float64(len(col.Texts.Bytes)) / float64(c.rows) * 1.05
	}
}

func setNull(col *table.Column, r, rows int) {
	if col.Null == nil {
		col.Null = make([]bool, rows)
	}
	col.Null[r] = true
}

func (c *converter) convertColumn(b *Block, i int) {
	col := &c.columns[i]
	switch col.target {
	case "customer_id", "ordered_time", "first_name", "last_name":
		return // composed below
	case "name":
		if c.has("first_name", "last_name") {
			return
		}
	}
	switch col.typ {
	case typeAttribute:
	case typeID:
		c.ids(b, col)
	case typeText:
		c.texts(b, col)
	case typeEmail:
		c.addresses(b, col, appendEmail)
	case typePhone:
		c.addresses(b, col, appendPhone)
	case typeInstant:
		c.instants(b, col, i)
	case typePast, typeDate:
		c.dates(b, col, i)
	case typeMoney:
		c.money(b, col)
	case typeInt:
		c.ints(b, col)
	case typeNumber, typeRating:
		c.numbers(b, col, c.codes[i])
	case typeBool:
		c.bools(b, col, c.codes[i])
	case typeStatus, typeEvent, typeGender:
		c.categories(b, col, c.codes[i])
	case typeCurrency:
		c.currencies(b, col)
	default:
		panic("ingest: no converter for column " + col.target)
	}
}

func (c *converter) ids(b *Block, col *column) {
	out := c.new(col.target)
	t := &out.Texts
	for r := range c.rows {
		v, _ := b.Cell(r, col.index)
		id, reason := cleanID(v, c.valid)
		switch {
		case reason != "":
			c.reject(b, r, col, v, reason)
		case len(id) == 0:
			setNull(out, r, c.rows)
			if col.insist {
				c.reject(b, r, col, v, reasonMissing)
			}
		}
		t.Bytes = append(t.Bytes, id...)
		t.Offsets = append(t.Offsets, int32(len(t.Bytes)))
	}
	c.done(out)
}

func (c *converter) texts(b *Block, col *column) {
	name := col.target
	out := c.new(name)
	t := &out.Texts
	for r := range c.rows {
		v := cell(b, r, col.index)
		if len(v) == 0 {
			setNull(out, r, c.rows)
		} else if !c.valid && !utf8.Valid(v) {
			c.reject(b, r, col, v, reasonNotUTF8)
			v = nil
		}
		t.Bytes = append(t.Bytes, v...)
		t.Offsets = append(t.Offsets, int32(len(t.Bytes)))
	}
	c.done(out)
}

// addresses converts e-mail addresses and telephone numbers; what is none is absent.
func (c *converter) addresses(b *Block, col *column, canonical func(dst, b []byte) ([]byte, bool)) {
	out := c.new(col.target)
	t := &out.Texts
	for r := range c.rows {
		v, _ := b.Cell(r, col.index)
		var ok bool
		if t.Bytes, ok = canonical(t.Bytes, v); !ok {
			setNull(out, r, c.rows)
		}
		t.Offsets = append(t.Offsets, int32(len(t.Bytes)))
	}
	c.done(out)
}

func (c *converter) instants(b *Block, col *column, i int) {
	out := c.new(col.target)
	var days []int32
	if on := dayOf(col.target); on != "" {
		days = c.new(on).Dates
	}
	var clock *column
	if col.target == "ordered_at" {
		clock = c.column("ordered_time")
	}
	cur := &c.cursors[i]
	var m moment
	for r := range c.rows {
		v := cell(b, r, col.index)
		reason := parseMoment(v, col.order, &m)
		if reason != "" && (absentWord(v) || zeroDate(v)) {
			setNull(out, r, c.rows)
			if col.insist {
				c.reject(b, r, col, v, reasonMissing)
			}
			continue
		}
		if reason == "" && clock != nil && !m.timed {
			t := cell(b, r, clock.index)
			if !absentWord(t) {
				if reason := parseTime(t, clock.order, &m); reason != "" {
					c.reject(b, r, clock, t, reason)
					continue
				}
			}
		}
		if reason != "" {
			c.reject(b, r, col, v, reason)
			continue
		}
		secs := m.micros / 1e6
		utc := int64(m.day)*daySecs + secs
		if m.zoned {
			utc -= m.offset
		} else {
			utc = cur.utc(utc)
		}
		micros := utc*1e6 + m.micros - secs*1e6
		if micros > c.limit {
			c.reject(b, r, col, v, reasonFuture)
			continue
		}
		out.Ints[r] = micros
		if days != nil {
			days[r] = c.business.day(utc)
		}
	}
	if days != nil {
		c.out[dayOf(col.target)].Null = out.Null
	}
}

// parseTime reads a column of times of day; a cell with a date as well gives its time.
func parseTime(b []byte, order dateOrder, m *moment) (reason string) {
	var buf [64]byte
	p, ok := foldDate(buf[:0], b)
	if !ok {
		return "not a time of day"
	}
	at := *m
	clock := parseClock(p, &at)
	if clock == "" && at.timed {
		*m = at
		return ""
	}
	var whole moment
	if reason := parseMoment(b, order, &whole); reason != "" {
		if clock == reasonNoTime || reason == reasonNoTime {
			return reasonNoTime
		}
		return "not a time of day"
	}
	m.micros, m.timed = whole.micros, true
	return ""
}

func (c *converter) dates(b *Block, col *column, i int) {
	out := c.new(col.target)
	cur := &c.cursors[i]
	var m moment
	for r := range c.rows {
		v := cell(b, r, col.index)
		reason := parseMoment(v, col.order, &m)
		if reason != "" && (absentWord(v) || zeroDate(v)) {
			setNull(out, r, c.rows)
			continue
		}
		day := m.day
		if m.zoned {
			day = cur.day(int64(m.day)*daySecs + m.micros/1e6 - m.offset)
		}
		if reason == "" && col.typ == typePast && day > c.lastDay {
			reason = reasonFuture
		}
		if reason != "" {
			c.reject(b, r, col, v, reason)
			continue
		}
		out.Dates[r] = day
	}
}

func (c *converter) money(b *Block, col *column) {
	out := c.new(col.target)
	for r := range c.rows {
		v := cell(b, r, col.index)
		units, reason := parseMoney(v, col.style)
		if reason != "" {
			if absentAmount(v) {
				setNull(out, r, c.rows)
				if col.insist {
					c.reject(b, r, col, v, reasonMissing)
				}
			} else {
				c.reject(b, r, col, v, reason)
			}
			continue
		}
		out.Ints[r] = units
	}
}

// absentAmount reports a cell without an amount, also one that says so in words.
func absentAmount(b []byte) bool {
	if absentWord(b) {
		return true
	}
	if len(b) > 40 {
		return false
	}
	_, ok := words("noamount")[fold(string(b))]
	return ok
}

func (c *converter) ints(b *Block, col *column) {
	name := col.target
	if name == "line" {
		name = "line_number"
	}
	out := c.new(name)
	for r := range c.rows {
		v := cell(b, r, col.index)
		units, reason := parseMoney(v, col.style)
		if reason == "" && units%table.DecimalScale != 0 {
			reason = reasonNotWhole
		}
		if reason != "" {
			if absentWord(v) {
				setNull(out, r, c.rows)
			} else {
				c.reject(b, r, col, v, reason)
			}
			continue
		}
		out.Ints[r] = units / table.DecimalScale
	}
}

// numbers converts numbers and ratings, the latter in words as well.
func (c *converter) numbers(b *Block, col *column, ratings *codes) {
	out := c.new(col.target)
	for r := range c.rows {
		v := cell(b, r, col.index)
		units, reason := parseMoney(v, col.style)
		out.Floats[r] = float64(units) / table.DecimalScale
		if reason == "" {
			continue
		}
		out.Floats[r] = math.NaN()
		if absentWord(v) {
			continue
		}
		if ratings != nil {
			if code := ratings.of(v); code >= 0 {
				out.Floats[r] = float64(code)
				continue
			} else if code == codeNone {
				continue
			}
		}
		c.reject(b, r, col, v, reason)
	}
}

func (c *converter) bools(b *Block, col *column, w *codes) {
	out := c.new(col.target)
	for r := range c.rows {
		v := cell(b, r, col.index)
		switch w.of(v) {
		case 1:
			out.Bools[r] = true
		case codeNone:
			setNull(out, r, c.rows)
		case codeUnknown:
			c.reject(b, r, col, v, "neither yes nor no")
		}
	}
}

func (c *converter) categories(b *Block, col *column, w *codes) {
	out := c.new(col.target)
	for r := range c.rows {
		v := cell(b, r, col.index)
		code := w.of(v)
		switch {
		case code == codeUnknown && col.typ == typeStatus:
			c.reject(b, r, col, v, "unknown status; say in the configuration what it means")
		case code == codeUnknown:
			c.reject(b, r, col, v, "unknown "+col.target)
		case code == codeNone && col.insist:
			c.reject(b, r, col, v, reasonMissing)
		}
		out.Codes[r] = max(code, codeNone)
	}
}

func (c *converter) currencies(b *Block, col *column) {
	out := c.new(col.target)
	t := &out.Texts
	for r := range c.rows {
		v := cell(b, r, col.index)
		switch {
		case isCode(v):
			t.Bytes = append(t.Bytes, v...)
		case absentWord(v):
			setNull(out, r, c.rows)
		default:
			code, ok := currencyOf(v)
			if !ok {
				c.reject(b, r, col, v, "not a currency")
			}
			t.Bytes = append(t.Bytes, code...)
		}
		t.Offsets = append(t.Offsets, int32(len(t.Bytes)))
	}
	c.done(out)
}

// currencyOf returns the ISO 4217 code of a code in small letters, a sign or a name.
func currencyOf(b []byte) (string, bool) {
	if up := bytes.ToUpper(b); isCode(up) && string(up) != "RMB" && string(up) != "NTD" {
		return string(up), true
	}
	code, ok := words("currency")[fold(string(b))]
	return code, ok
}

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
	for r := range c.rows {
		code := int32(codeNone)
		if id != nil {
			v, _ := b.Cell(r, id.index)
			key, reason := cleanID(v, c.valid)
			if reason != "" {
				c.reject(b, r, id, v, reason)
			}
			if len(key) > 0 {
				t.Bytes, code = append(t.Bytes, key...), 0
			}
		}
		if code < 0 && email != nil && !email.Missing(r) {
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
	part := func(col *column, r int) []byte {
		if col == nil {
			return nil
		}
		v := cell(b, r, col.index)
		if !utf8.Valid(v) {
			c.reject(b, r, col, v, reasonNotUTF8)
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

// whole rejects rows for what they lack as a whole.
func (c *converter) whole(b *Block) {
	var some []string
	var reason string
	switch c.kind.name {
	case "customers":
		some, reason = []string{"customer_key"}, "no customer id, e-mail address or telephone number"
	case "refunds":
		some, reason = []string{"order_id", "customer_key"}, "neither an order nor a customer"
	case "order-lines":
		some, reason = []string{"product_id", "product_name"}, "no product"
	default:
		return
	}
	for r := range c.rows {
		if !slices.ContainsFunc(some, func(name string) bool { return c.out[name] != nil && !c.out[name].Missing(r) }) {
			c.reject(b, r, nil, nil, reason)
		}
	}
}

// table puts the columns together without the rejected rows, and fills line,
// content and made ids.
func (c *converter) table(b *Block) *table.Table {
	line := c.new("line")
	copy(line.Ints, b.Lines)
	content := c.new("content")
	var id *table.Column
	if c.kind.made && !c.has(c.kind.id) {
		id = c.new(c.kind.id)
	}
	if len(c.rejects) > 0 {
		keep := make([]int, 0, c.rows-len(c.rejects))
		for r := range c.rows {
			if c.fault[r] == 0 {
				keep = append(keep, r)
			}
		}
		for _, col := range c.out {
			if col != id {
				pick(col, keep)
			}
		}
		c.rows = len(keep)
	}
	c.hash(content, id)
	cols := make([]*table.Column, len(c.fields))
	for i, f := range c.fields {
		cols[i] = c.out[f.Name]
	}
	return table.New(cols...)
}

// pick keeps the rows given, in place.
func pick(col *table.Column, keep []int) {
	switch col.Kind {
	case table.Float:
		col.Floats = picked(col.Floats, keep)
	case table.Int, table.Decimal, table.Timestamp:
		col.Ints = picked(col.Ints, keep)
	case table.Date:
		col.Dates = picked(col.Dates, keep)
	case table.Bool:
		col.Bools = picked(col.Bools, keep)
	case table.Category:
		col.Codes = picked(col.Codes, keep)
	case table.Text:
		var t table.Strings
		t.Offsets = append(make([]int32, 0, len(keep)+1), 0)
		t.Bytes = make([]byte, 0, len(col.Texts.Bytes))
		for _, r := range keep {
			t.Append(col.Texts.At(r))
		}
		col.Texts = t
	}
	if col.Null != nil {
		// Not in place: two columns may share a mask.
		null := make([]bool, len(keep))
		for i, r := range keep {
			null[i] = col.Null[r]
		}
		col.Null = null
	}
}

func picked[T any](v []T, keep []int) []T {
	for i, r := range keep {
		v[i] = v[r]
	}
	return v[:len(keep)]
}

// hash fills content and, when the file has no ids, ids from the canonical
// values of each row: for every value present the name of its column and the
// value, in the order of columns.tsv, so that the order of columns in a file
// and columns without a value do not matter.
func (c *converter) hash(content, id *table.Column) {
	type hashed struct {
		*table.Column
		tag    uint32
		labels []uint64
	}
	var cols []hashed
	for i, f := range c.fields {
		if c.tags[i] != 0 {
			cols = append(cols, hashed{c.out[f.Name], c.tags[i], c.labels[i]})
		}
	}
	if id != nil {
		id.Texts.Bytes = make([]byte, 0, c.rows*27)
	}
	buf := c.buf
	le := binary.LittleEndian
	for r := range c.rows {
		buf = buf[:0]
		for k := range cols {
			col := &cols[k]
			if col.Null != nil && col.Null[r] {
				continue
			}
			var v uint64
			switch col.Kind {
			case table.Text:
				text := col.Texts.At(r)
				buf = append(le.AppendUint64(buf, uint64(col.tag)|uint64(len(text))<<32), text...)
				continue
			case table.Category:
				code := col.Codes[r]
				if code < 0 {
					continue
				}
				v = col.labels[code]
			case table.Float:
				if col.Floats[r] != col.Floats[r] {
					continue
				}
				v = math.Float64bits(col.Floats[r])
			case table.Date:
				v = uint64(col.Dates[r])
			case table.Bool:
				if col.Bools[r] {
					v = 1
				}
			default:
				v = uint64(col.Ints[r])
			}
			buf = le.AppendUint64(le.AppendUint32(buf, col.tag), v)
		}
		content.Ints[r] = int64(xxh3.Hash(buf))
		if id != nil {
			h := xxh3.Hash128(buf).Bytes()
			id.Texts.Bytes = append(id.Texts.Bytes, '~')
			id.Texts.Bytes = idEncoding.AppendEncode(id.Texts.Bytes, h[:])
			id.Texts.Offsets = append(id.Texts.Offsets, int32(len(id.Texts.Bytes)))
		}
	}
	c.buf = buf
}

// finish returns the rejects of the block, those of the reader among them, by line.
func (c *converter) finish(b *Block) []Reject {
	all := c.rejects
	for _, bad := range b.Bad {
		bad.Raw = strings.ToValidUTF8(strings.Clone(bad.Raw), "\ufffd")
		bad.Value = strings.ToValidUTF8(bad.Value, "\ufffd")
		all = append(all, bad)
	}
	slices.SortStableFunc(all, func(a, b Reject) int { return int(a.Line - b.Line) })
	return all
}
