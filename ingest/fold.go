package ingest

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zeebo/xxh3"

	"clientele/engine/table"
)

// Fold makes the chunks of files narrow: what repeats from row to row (who, how
// they are reached, what product) becomes a number in the row, and stands once
// in a table of its own. One Fold serves all files of a source that are loaded
// together, so that each is told of once.
//
// The numbers are hashes, so they are the same whatever is loaded first, those of terms
// excepted where Terms gives others:
//
//   - member (Int): of customer_key and its id space, in the place of
//     customer_key and customer_via; rows of Chunk.People are (member, id_space,
//     source_customer_id).
//   - card (Int): of the name, addresses and consents that a fact tells of its
//     customer; rows of Chunk.Cards are card and those columns. Not for customers
//     files, whose rows keep them.
//   - terms (Int): of where and on what terms an order was placed; rows of
//     Chunk.Terms are terms and those columns. Only where no row can be a line of an
//     order: lines tell of their order column by column.
//   - article (Int): of product, name, category and brand of an order's line;
//     rows of Chunk.Articles are article and those columns. product_id stays, and
//     is the name where a line has no id.
//   - rate (Text): what an amount in the row's currency is worth in Currency on
//     the row's day, as a decimal number; null where it is the same currency. Only
//     where the file names currencies and there are Rates.
type Fold struct {
	IDSpace  string // of the ids of the source
	Currency string // reporting currency
	Rates    *Rates // nil: none
	Terms    *Terms // numbers for terms in the place of hashes; nil: none
	Memory   int64  // bytes that what it remembers may take; 0: 768 MiB

	once                               sync.Once
	people, cards, terms, articles, id *set
	hashed                             atomic.Bool // ids are looked up in id; else they ascend so far
	last                               []byte      // of the ids that ascend
	lost                               bool        // ids ascended, and then did not: what repeats is not known

	mu      sync.Mutex
	missing map[string]int64 // rows by what rate is missing
}

func (f *Fold) init() {
	f.once.Do(func() {
		third := cmp.Or(f.Memory, 768<<20) / 3
		f.people, f.id = newSet(within(third)), newSet(within(third))
		f.cards, f.terms, f.articles = newSet(within(third/3)), newSet(within(third/3)), newSet(within(third/3))
		f.missing = map[string]int64{}
	})
}

// Overflow reports whether Chunk.Repeated is incomplete: there were too many ids to
// remember, or they ascended at first, so that none had to be, and then did not.
func (f *Fold) Overflow() bool {
	f.init()
	return f.id.full || f.lost
}

// inOrder sees the chunks in the order of the file.
func (f *Fold) inOrder(c *Chunk) {
	switch {
	case c.first == nil || f.lost:
	case f.hashed.Load() || !c.ascends || f.last != nil && !shorter(f.last, c.first):
		f.lost = f.last != nil || c.ascends
		f.hashed.Store(true)
	default:
		f.last = c.last
	}
}

// shorter is the order in which ids ascend: the shorter first, so that 999 comes
// before 1000.
func shorter(a, b []byte) bool {
	return len(a) < len(b) || len(a) == len(b) && bytes.Compare(a, b) < 0
}

// Forgets reports whether there was too much to remember what was delivered: side
// tables may have equal rows then.
func (f *Fold) Forgets() bool {
	f.init()
	return f.people.full || f.cards.full || f.terms.full || f.articles.full
}

// MissingRates is the reason to refuse a file whose amounts cannot be converted,
// or "".
func (f *Fold) MissingRates() string {
	f.init()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.missing) == 0 {
		return ""
	}
	rows := int64(0)
	for _, n := range f.missing {
		rows += n
	}
	first := slices.Sorted(maps.Keys(f.missing))[0]
	clear(f.missing)
	if strings.Contains(first, undated) {
		return fmt.Sprintf("%s, as on %d rows in all, and a file of rates does not help: with --map currency=- (map: {currency: \"-\"} in clientele.yaml) lines of orders follow the currency and the day of the orders of their source", first, rows)
	}
	return fmt.Sprintf("%s, as on %d rows in all: two currencies are never added; name a file of rates (date, from, to, rate) under rates in clientele.yaml", first, rows)
}

// undated says of amounts that no rate can be found for them.
const undated = "have no day on which to convert them"

// PeopleFields are the columns of Chunk.People.
func PeopleFields() []table.Field {
	return []table.Field{{Name: "member", Kind: table.Int}, {Name: "id_space", Kind: table.Text}, {Name: "source_customer_id", Kind: table.Text}}
}

// CardFields are the columns of Chunk.Cards.
func CardFields() []table.Field {
	fields := []table.Field{{Name: "card", Kind: table.Int}}
	for _, name := range cardColumns() {
		kind := table.Text
		if name == "email_consent" || name == "sms_consent" {
			kind = table.Bool
		}
		fields = append(fields, table.Field{Name: name, Kind: kind})
	}
	return fields
}

// TermFields are the columns of Chunk.Terms.
func TermFields() []table.Field {
	fields := []table.Field{{Name: "terms", Kind: table.Int}}
	for _, name := range termColumns() {
		fields = append(fields, table.Field{Name: name, Kind: table.Text})
	}
	return fields
}

// ArticleFields are the columns of Chunk.Articles.
func ArticleFields() []table.Field {
	fields := []table.Field{{Name: "article", Kind: table.Int}}
	for _, name := range articleColumns() {
		fields = append(fields, table.Field{Name: name, Kind: table.Text})
	}
	return fields
}

func cardColumns() []string {
	return []string{"name", "email", "phone", "address", "country", "region", "city", "postcode", "member_id", "email_consent", "sms_consent"}
}

func termColumns() []string { return []string{"shop", "channel", "currency", "coupon", "campaign_id"} }

func articleColumns() []string { return []string{"product_id", "product_name", "category", "brand"} }

// folded says what of a file's wide columns a Fold takes out.
type folded struct {
	fields               []table.Field // the narrow columns
	member, rate         bool          // the file has them
	card, terms, article []string      // the columns that make them
	items                bool          // orders carry their lines in a column
	day                  string        // column of the day of a rate
	id                   string        // column of the id of the kind
}

// foldOf lays out the narrow columns for the wide ones of a kind.
func foldOf(k kind, wide []table.Field) folded {
	has := map[string]bool{}
	for _, f := range wide {
		has[f.Name] = true
	}
	fold := folded{member: has["customer_key"], rate: has["currency"], items: has["items"], id: k.id}
	drop := map[string]bool{"customer_key": true, "customer_via": true}
	if k.who && k.name != "customers" {
		for _, name := range cardColumns() {
			if has[name] {
				fold.card = append(fold.card, name)
				drop[name] = true
			}
		}
	}
	if k.name == "orders" || k.name == "order-lines" {
		for _, name := range articleColumns() {
			if has[name] {
				fold.article = append(fold.article, name)
				drop[name] = true
			}
		}
		if !has["product_id"] && !has["product_name"] || has["items"] {
			fold.article = nil
		}
	}
	if k.name == "orders" && !has["product_id"] && !has["product_name"] && !has["quantity"] && !has["items"] {
		for _, name := range termColumns() {
			if has[name] {
				fold.terms = append(fold.terms, name)
				drop[name] = true
			}
		}
	}
	for _, name := range []string{"ordered_on", "refunded_on", "occurred_on", "started_on"} {
		if has[name] && fold.day == "" {
			fold.day = name
		}
	}
	add := func(name string, kind table.Kind) {
		fold.fields = append(fold.fields, table.Field{Name: name, Kind: kind})
	}
	for _, f := range wide {
		if !drop[f.Name] {
			fold.fields = append(fold.fields, f)
		}
	}
	if fold.member {
		add("member", table.Int)
	}
	if fold.card != nil {
		add("card", table.Int)
	}
	if fold.terms != nil {
		add("terms", table.Int)
	}
	if fold.article != nil {
		add("product_id", table.Text)
		add("article", table.Int)
	}
	return fold
}

// rated adds the column of rates.
func (f folded) rated() folded {
	f.fields = append(slices.Clone(f.fields), table.Field{Name: "rate", Kind: table.Text})
	return f
}

// apply makes a chunk narrow. It may run on several goroutines at once.
func (f *Fold) apply(c *Chunk, how folded) {
	f.init()
	wide := c.Table
	n := wide.Rows()
	s := folder{Fold: f, rows: n, hashes: make([]uint64, n), fresh: make([]bool, n)}
	made := map[string]*table.Column{}
	if how.member {
		made["member"], c.People = s.members(wide)
	}
	if how.card != nil {
		made["card"], c.Cards = s.side("card", wide, how.card, CardFields(), f.cards, false)
	}
	if how.terms != nil {
		made["terms"], c.Terms = s.side("terms", wide, how.terms, TermFields(), f.terms, false)
	}
	if how.article != nil {
		product := productOf(wide)
		made["product_id"] = product
		made["article"], c.Articles = s.side("article", withProduct(wide, product, how.article), articlesOf(how.article), ArticleFields(), f.articles, true)
	}
	if how.items {
		made["items"], c.Articles = s.items(wide.Column("items"))
	}
	switch {
	case how.rate && s.Rates != nil:
		made["rate"] = s.rates(wide, how.day)
	case how.rate:
		s.foreign(wide, how.day)
	}
	if id := wide.Lookup(how.id); id != nil && how.id != "" {
		s.repeated(c, id)
	}
	columns := make([]*table.Column, len(how.fields))
	for i, field := range how.fields {
		if columns[i] = made[field.Name]; columns[i] == nil {
			columns[i] = wide.Column(field.Name)
		}
	}
	c.Table = table.New(columns...)
}

type folder struct {
	*Fold
	rows   int
	hashes []uint64
	fresh  []bool
}

const positive = math.MaxInt64 // a hash of 63 bits is an integer in every engine

// members puts the number of each customer, a hash of id space and id, in the place of
// the id, and delivers each customer once.
func (s *folder) members(wide *table.Table) (*table.Column, *table.Table) {
	key := wide.Column("customer_key")
	var via []int32
	if c := wide.Lookup("customer_via"); c != nil {
		via = c.Codes
	}
	spaces := [3]string{s.IDSpace, "email", "phone"}
	var seeds [3]uint64
	for i, space := range spaces {
		seeds[i] = xxh3.HashString(space)
	}
	out := table.NewColumn(table.Field{Name: "member", Kind: table.Int}, s.rows)
	out.Null = key.Null
	at := func(r int) int {
		if via == nil || via[r] < 0 {
			return 0
		}
		return int(via[r])
	}
	for r := range s.rows {
		if key.Null != nil && key.Null[r] {
			continue
		}
		h := xxh3.HashSeed(key.Texts.At(r), seeds[at(r)]) & positive
		s.hashes[r], out.Ints[r] = h, int64(h)
	}
	s.people.addAll(s.hashes, key.Null, s.fresh)
	people := table.Make(0, PeopleFields()...)
	member, space, id := people.Column("member"), people.Column("id_space"), people.Column("source_customer_id")
	for r, is := range s.fresh {
		if is {
			member.Ints = append(member.Ints, out.Ints[r])
			space.Texts.AppendString(spaces[at(r)])
			id.Texts.Append(key.Texts.At(r))
		}
	}
	return out, table.New(member, space, id)
}

// side replaces columns by the hash of their values, and delivers each new
// combination once. A row without any value has none; with first set, a row
// without a value in the first column has none.
func (s *folder) side(name string, wide *table.Table, from []string, fields []table.Field, known *set, first bool) (*table.Column, *table.Table) {
	columns, tags := make([]*table.Column, len(from)), tagsOf(from)
	for i, n := range from {
		columns[i] = wide.Column(n)
	}
	out := table.NewColumn(table.Field{Name: name, Kind: table.Int}, s.rows)
	null := make([]bool, s.rows)
	for r := range s.rows {
		h, told := sideHash(columns, tags, r, first)
		if !told {
			null[r] = true
			continue
		}
		s.hashes[r], out.Ints[r] = h, int64(h)
	}
	if slices.Contains(null, true) {
		out.Null = null
	}
	known.addAll(s.hashes, null, s.fresh)
	if known == s.terms && s.Terms != nil {
		s.Terms.number(out.Ints, null)
	}
	var rows []int
	for r, is := range s.fresh {
		if is {
			rows = append(rows, r)
		}
	}
	side := make([]*table.Column, len(fields))
	for i, f := range fields {
		c := wide.Lookup(f.Name)
		if f.Name == name {
			c = out
		}
		side[i] = gather(f, c, rows)
	}
	return out, table.New(side...)
}

// items puts the article of each item in the place of its name: the records of the
// column are then product, article, quantity, price and net. The articles are
// delivered once, like those of lines that have a row of their own.
func (s *folder) items(wide *table.Column) (*table.Column, *table.Table) {
	out := &table.Column{Field: wide.Field, Null: wide.Null}
	out.Texts.Offsets = make([]int32, 1, s.rows+1)
	var hashes []uint64
	var products, names [][]byte
	tags := [2]uint64{xxh3.HashString("product_id"), xxh3.HashString("product_name")}
	for r := range s.rows {
		text := wide.Texts.At(r)
		for i := 0; len(text) > 0; i++ {
			record, rest, _ := bytes.Cut(text, []byte{itemEnd})
			text = rest
			id, fields, _ := bytes.Cut(record, []byte{fieldEnd})
			name, numbers, _ := bytes.Cut(fields, []byte{fieldEnd})
			product := id
			if len(product) == 0 {
				product = name
			}
			var h uint64
			for k, v := range [2][]byte{product, name} {
				if len(v) > 0 {
					h = xxh3.HashSeed(v, h^tags[k])
				}
			}
			h &= positive
			hashes, products, names = append(hashes, h), append(products, product), append(names, name)
			if i > 0 {
				out.Texts.Bytes = append(out.Texts.Bytes, itemEnd)
			}
			out.Texts.Bytes = append(append(out.Texts.Bytes, product...), fieldEnd)
			out.Texts.Bytes = append(strconv.AppendUint(out.Texts.Bytes, h, 10), fieldEnd)
			out.Texts.Bytes = append(out.Texts.Bytes, numbers...)
		}
		out.Texts.Offsets = append(out.Texts.Offsets, int32(len(out.Texts.Bytes)))
	}
	fresh := make([]bool, len(hashes))
	s.articles.addAll(hashes, nil, fresh)
	columns := make([]*table.Column, len(ArticleFields()))
	for i, f := range ArticleFields() {
		columns[i] = &table.Column{Field: f, Texts: table.Strings{Offsets: []int32{0}}}
	}
	for i, is := range fresh {
		if !is {
			continue
		}
		columns[0].Ints = append(columns[0].Ints, int64(hashes[i]))
		for k, v := range [4][]byte{products[i], names[i]} {
			c := columns[k+1]
			c.Texts.Append(v)
			c.Null = append(c.Null, len(v) == 0)
		}
	}
	columns[0].Texts = table.Strings{}
	return out, table.New(columns...)
}

// gather copies rows of a column, which may be nil: all missing.
func gather(f table.Field, c *table.Column, rows []int) *table.Column {
	out := &table.Column{Field: f}
	if f.Kind == table.Text {
		out.Texts.Offsets = []int32{0}
	}
	out.Null = make([]bool, len(rows))
	for i, r := range rows {
		missing := c == nil || c.Missing(r)
		out.Null[i] = missing
		switch f.Kind {
		case table.Int:
			if missing {
				out.Ints = append(out.Ints, 0)
			} else {
				out.Ints = append(out.Ints, c.Ints[r])
			}
		case table.Bool:
			out.Bools = append(out.Bools, !missing && c.Bools[r])
		default:
			if missing {
				out.Texts.AppendString("")
			} else {
				out.Texts.Append(c.Texts.At(r))
			}
		}
	}
	return out
}

// productOf is the product of each line: its id, else its name.
func productOf(wide *table.Table) *table.Column {
	id, name := wide.Lookup("product_id"), wide.Lookup("product_name")
	field := table.Field{Name: "product_id", Kind: table.Text}
	if name == nil || id != nil && id.Null == nil {
		return id
	}
	if id == nil {
		c := *name
		c.Field = field
		return &c
	}
	out := &table.Column{Field: field, Null: make([]bool, id.Len())}
	out.Texts.Offsets = make([]int32, 1, id.Len()+1)
	for r := range id.Len() {
		switch {
		case !id.Missing(r):
			out.Texts.Append(id.Texts.At(r))
		case !name.Missing(r):
			out.Texts.Append(name.Texts.At(r))
		default:
			out.Texts.AppendString("")
			out.Null[r] = true
		}
	}
	return out
}

// withProduct is the columns of articles with the product in the first place.
func withProduct(wide *table.Table, product *table.Column, from []string) *table.Table {
	columns := []*table.Column{product}
	for _, n := range from {
		if n != "product_id" {
			columns = append(columns, wide.Column(n))
		}
	}
	return table.New(columns...)
}

func articlesOf(from []string) []string {
	return append([]string{"product_id"}, slices.DeleteFunc(slices.Clone(from), func(n string) bool { return n == "product_id" })...)
}

// rates fills the rate of rows in another currency than the reporting one.
func (s *folder) rates(wide *table.Table, day string) *table.Column {
	currency := wide.Column("currency")
	out := table.NewColumn(table.Field{Name: "rate", Kind: table.Text}, s.rows)
	out.Texts.Offsets = out.Texts.Offsets[:1]
	out.Null = make([]bool, s.rows)
	var days []int32
	var undated []bool
	if day != "" {
		days, undated = wide.Column(day).Dates, wide.Column(day).Null
	}
	var money []*table.Column
	for _, c := range wide.Columns() {
		if c.Kind == table.Decimal {
			money = append(money, c)
		}
	}
	for r := range s.rows {
		out.Null[r] = true
		if !currency.Missing(r) && string(currency.Texts.At(r)) != s.Currency {
			dated := days != nil && (undated == nil || !undated[r])
			on := int32(0)
			if dated {
				on = days[r]
			}
			if text, ok := s.rate(string(currency.Texts.At(r)), on, dated); ok {
				out.Texts.Bytes = append(out.Texts.Bytes, text...)
				out.Null[r] = false
				s.fitting(money, r, string(currency.Texts.At(r)), on)
			}
		}
		out.Texts.Offsets = append(out.Texts.Offsets, int32(len(out.Texts.Bytes)))
	}
	return out
}

// foreign notes rows in another currency, for which there can be no rate.
func (s *folder) foreign(wide *table.Table, day string) {
	currency := wide.Column("currency")
	for r := range s.rows {
		if currency.Missing(r) || string(currency.Texts.At(r)) == s.Currency {
			continue
		}
		on, dated := int32(0), false
		if day != "" {
			if days := wide.Column(day); !days.Missing(r) {
				on, dated = days.Dates[r], true
			}
		}
		s.rate(string(currency.Texts.At(r)), on, dated)
	}
}

// fitting notes amounts that are too large once they are converted.
func (s *folder) fitting(money []*table.Column, r int, from string, day int32) {
	for _, c := range money {
		if c.Missing(r) {
			continue
		}
		if _, err := s.Rates.Convert(c.Ints[r], from, s.Currency, day); err != nil {
			s.lack(err.Error())
		}
	}
}

// lack notes why a row cannot be converted.
func (s *folder) lack(reason string) {
	s.mu.Lock()
	s.missing[reason]++
	s.mu.Unlock()
}

func (s *folder) rate(from string, day int32, dated bool) (string, bool) {
	var reason string
	switch {
	case !dated:
		reason = fmt.Sprintf("amounts in %s %s to %s", from, undated, s.Currency)
	case s.Rates == nil:
		reason = fmt.Sprintf("no rate from %s to %s on %s", from, s.Currency, dayText(day))
	default:
		if text, ok := s.Rates.Text(from, s.Currency, day); ok {
			return text, true
		}
		reason = fmt.Sprintf("no rate from %s to %s on or before %s", from, s.Currency, dayText(day))
	}
	s.lack(reason)
	return "", false
}

// repeated collects the ids that stood in an earlier row of these files. While ids
// ascend from row to row none repeats, and none has to be remembered.
func (s *folder) repeated(c *Chunk, id *table.Column) {
	c.Repeated.Offsets = []int32{0}
	if s.rows == 0 {
		return
	}
	c.first, c.last, c.ascends = id.Texts.At(0), bytes.Clone(id.Texts.At(s.rows-1)), !s.hashed.Load() && ascends(id)
	if c.ascends {
		return
	}
	s.hashed.Store(true)
	for r := range s.rows {
		s.hashes[r] = xxh3.Hash(id.Texts.At(r))
	}
	s.id.addAll(s.hashes, id.Null, s.fresh)
	for r, is := range s.fresh {
		if !is && !id.Missing(r) {
			c.Repeated.Append(id.Texts.At(r))
		}
	}
}

func ascends(id *table.Column) bool {
	if id.Null != nil {
		return false
	}
	for r := 1; r < id.Len(); r++ {
		if !shorter(id.Texts.At(r-1), id.Texts.At(r)) {
			return false
		}
	}
	return true
}

// dayText is a day as people read it.
func dayText(day int32) string { return time.Unix(int64(day)*daySecs, 0).UTC().Format(time.DateOnly) }

// MainCurrency is the currency in which most of the first rows of a file that was
// opened and not yet loaded are, or "" when they name none.
func (f *File) MainCurrency() string {
	if f.plan.written != (currency{}) {
		return f.plan.written.String()
	}
	if f.input == nil || !f.plan.has("currency") {
		return ""
	}
	if len(f.input.held) == 0 {
		if _, err := f.input.sample(); err != nil {
			return "" // loading meets it again
		}
	}
	count := map[string]int{}
	look := &plan{kind: f.plan.kind, columns: f.plan.columns, zone: f.plan.zone, statuses: f.plan.statuses, limit: f.plan.limit,
		lastDay: f.plan.lastDay, region: f.plan.region, key: f.plan.key, fields: f.plan.fields, tags: f.plan.tags} // what is noted there is noted again when the file is loaded
	for _, b := range f.input.held {
		c := newConverter(look).convert(b).Table.Column("currency")
		for r := range c.Len() {
			if !c.Missing(r) {
				count[string(c.Texts.At(r))]++
			}
		}
	}
	best := ""
	for _, name := range slices.Sorted(maps.Keys(count)) {
		if best == "" || count[name] > count[best] {
			best = name
		}
	}
	return best
}
