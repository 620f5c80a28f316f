package ingest

import (
	"bytes"
	"hash"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zeebo/xxh3"

	"clientele/engine/table"
)

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
	phones   *phones // of files with a column of them
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
		case typePhone:
			c.phones = newPhones(p.region)
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
	if c.written != (currency{}) {
		c.price()
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
		j.Column, j.Value = col.faulty(b, r, cell), strings.ToValidUTF8(string(cell), "\ufffd")
	}
	j.Raw = strings.ToValidUTF8(j.Raw, "\ufffd")
	c.rejects = append(c.rejects, j)
	c.fault[r] = int32(len(c.rejects))
}

// faulty is the column of the file that a cell at fault stands in: of the columns that
// one is made from, that which has the same value.
func (c *column) faulty(b *Block, r int, v []byte) string {
	for _, o := range c.from {
		if bytes.Equal(cell(b, r, o.index), trim(v)) {
			return o.header
		}
	}
	return c.header
}

// ReasonNobody is why a row of a customers file that names nobody is rejected.
const ReasonNobody = "no customer id, e-mail address or telephone number"

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
		c.addresses(b, col, c.phones.append)
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
	case typeItems:
		c.items(b, col)
	default:
		panic("ingest: no converter for column " + col.target)
	}
}

func (c *converter) ids(b *Block, col *column) {
	out := c.new(col.target)
	t := &out.Texts
	masked := int64(0)
	for r := range c.rows {
		v, _ := b.Cell(r, col.index)
		id, reason := cleanID(v, c.valid)
		if col.target == "member_id" && reason == "" && hidden(id) { // nobody's key
			id = nil
			masked++
		}
		switch {
		case reason != "":
			c.reject(b, r, col, v, reason)
			if reason == reasonSpoiltID && col.target == "order_id" {
				c.spoilt.add(col.header, string(trim(v)), b.Lines[r])
			}
		case len(id) == 0:
			setNull(out, r, c.rows)
			if col.insist {
				c.reject(b, r, col, v, reasonMissing)
			}
		}
		t.Bytes = append(t.Bytes, id...)
		t.Offsets = append(t.Offsets, int32(len(t.Bytes)))
	}
	c.masked.add(col.header, masked)
	c.done(out)
}

func (c *converter) texts(b *Block, col *column) {
	name := col.target
	out := c.new(name)
	t := &out.Texts
	masked := int64(0)
	for r := range c.rows {
		v := cell(b, r, col.index)
		if name == "name" && hidden(v) || name == "address" && hiddenAddress(v) {
			masked++
			v = nil
		}
		if len(v) == 0 {
			setNull(out, r, c.rows)
		} else if !c.valid && !utf8.Valid(v) {
			c.reject(b, r, col, v, reasonNotUTF8)
			v = nil
		}
		t.Bytes = append(t.Bytes, v...)
		t.Offsets = append(t.Offsets, int32(len(t.Bytes)))
	}
	c.masked.add(col.header, masked)
	c.done(out)
}

// addresses converts e-mail addresses and telephone numbers; what is none is absent.
func (c *converter) addresses(b *Block, col *column, canonical func(dst, b []byte) ([]byte, bool)) {
	out := c.new(col.target)
	t := &out.Texts
	masked := int64(0)
	for r := range c.rows {
		v, _ := b.Cell(r, col.index)
		var ok bool
		if t.Bytes, ok = canonical(t.Bytes, v); !ok {
			setNull(out, r, c.rows)
			if hidden(trim(v)) {
				masked++
			}
		}
		t.Offsets = append(t.Offsets, int32(len(t.Bytes)))
	}
	c.masked.add(col.header, masked)
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
	typed := c.moments(b, col)
	var m moment
	for r := range c.rows {
		v, reason := col.momentAt(b, r, typed, &m)
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
		switch {
		case m.zoned:
			utc -= m.offset
		case m.timed:
			utc = cur.utc(utc)
		default: // a day is one of the shop's, whatever zone its times are in
			utc = c.business.utc(utc)
		}
		micros := utc*1e6 + m.micros - secs*1e6
		if micros > c.limit {
			c.reject(b, r, col, cell(b, r, col.index), reasonFuture)
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

func (c *converter) dates(b *Block, col *column, i int) {
	out := c.new(col.target)
	cur := &c.cursors[i]
	typed := c.moments(b, col)
	var m moment
	for r := range c.rows {
		v, reason := col.momentAt(b, r, typed, &m)
		if reason != "" && (absentWord(v) || zeroDate(v)) {
			setNull(out, r, c.rows)
			continue
		}
		day := m.day
		// Midnight says no more than the day it is written with.
		if utc := int64(m.day)*daySecs + m.micros/1e6; m.micros > 0 && m.zoned {
			day = c.business.day(utc - m.offset)
		} else if m.micros > 0 && !m.zoned {
			day = c.business.day(cur.utc(utc))
		}
		if reason == "" && col.typ == typePast && day > c.lastDay {
			reason = reasonFuture
		}
		if reason != "" {
			c.reject(b, r, col, cell(b, r, col.index), reason)
			continue
		}
		out.Dates[r] = day
	}
}

// moments are the values of a typed column of days or times, nil where they are read
// from texts.
func (c *converter) moments(b *Block, col *column) *Typed {
	if col.count != countNone {
		return nil
	}
	return b.typedMoments(col.index)
}

// momentAt reads a cell, from its value where there are typed ones; then v is nil.
func (c *column) momentAt(b *Block, r int, typed *Typed, m *moment) (v []byte, reason string) {
	switch {
	case typed == nil:
	case typed.absent(r):
		return nil, reasonMissing
	case typed.moment(r, m):
		return nil, ""
	}
	v = cell(b, r, c.index)
	return v, c.moment(v, m)
}

func (c *converter) money(b *Block, col *column) {
	out := c.new(col.target)
	var beside remarks
	var seen map[currency]int64 // of a column that showed no currency: the first line of each
	typed := b.typedUnits(col.index, col.style)
	for r := range c.rows {
		if typed != nil {
			if typed.absent(r) {
				c.noAmount(b, r, col, nil, "", out)
				continue
			}
			if units, ok := typed.of(r); ok {
				out.Ints[r] = units
				continue
			}
		}
		v := cell(b, r, col.index)
		units, ok := plainMoney(v, col.style)
		if !ok {
			var by currency
			var reason string
			var cleaned bool
			units, by, cleaned, reason = readAmount(v, col.style)
			if cleaned && reason == "" {
				beside.add(v, b.Lines[r])
			}
			if reason == "" && col.priced && by != (currency{}) {
				switch {
				case col.currency == currency{}:
					seen = first(seen, by, b.Lines[r])
				case col.currency != by:
					reason = reasonOther
				}
			}
			if reason != "" {
				c.noAmount(b, r, col, v, reason, out)
				continue
			}
		}
		out.Ints[r] = units
	}
	c.mixed.add(col.header, seen)
	c.remarked.add(col.header, beside)
}

// first notes the line of a currency that was not seen before.
func first(seen map[currency]int64, by currency, line int64) map[currency]int64 {
	if seen == nil {
		seen = map[currency]int64{}
	}
	if _, ok := seen[by]; !ok {
		seen[by] = line
	}
	return seen
}

// noAmount leaves an amount out, or rejects its row.
func (c *converter) noAmount(b *Block, r int, col *column, v []byte, reason string, out *table.Column) {
	switch {
	case !absentAmount(v):
		c.reject(b, r, col, v, reason)
	case col.insist:
		c.reject(b, r, col, v, reasonMissing)
	default:
		setNull(out, r, c.rows)
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
	var unknown map[string]int64
	for r := range c.rows {
		v := cell(b, r, col.index)
		code := w.of(v)
		switch {
		case code == codeUnknown && col.typ == typeStatus:
			c.reject(b, r, col, v, "unknown status; say in the configuration what it means")
			if unknown == nil {
				unknown = map[string]int64{}
			}
			unknown[strings.ToValidUTF8(string(v), "\ufffd")]++
		case code == codeUnknown:
			c.reject(b, r, col, v, "unknown "+col.target)
		case code == codeNone && col.insist:
			c.reject(b, r, col, v, reasonMissing)
		}
		out.Codes[r] = max(code, codeNone)
	}
	c.unknown.add(col.header, unknown)
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

// whole rejects rows for what they lack as a whole.
func (c *converter) whole(b *Block) {
	var some []string
	var reason string
	switch c.kind.name {
	case "customers":
		some, reason = []string{"customer_key"}, ReasonNobody
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
