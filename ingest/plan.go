package ingest

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/zeebo/xxh3"

	"clientele/engine/table"
)

// column is a bound column of a file with all that decides how it is converted.
type column struct {
	target   string
	typ      colType
	index    int      // in the file
	header   string   // its name in the file; of one that a Source makes, that of the column whose value it mostly is
	from     []origin // columns of the file that it is made from
	insist   bool     // a row without a value is rejected
	order    dateOrder
	style    decimalStyle
	count    counting // what plain numbers in a column of dates count
	priced   bool     // amounts of money, and no other column says of which currency
	currency currency // of a priced column: what most of its amounts are written with
	zone     *zone    // of instants that name none
	zoneName string   // of zone, where it is not the business zone
}

// origin is a column of the file that another is made from.
type origin struct {
	index  int
	header string
}

// plan says how the rows of one file become a table. It is not written while
// converters use it.
type plan struct {
	kind     kind
	columns  []column // in the order of the file, so that a row's first fault is its leftmost
	zone     *zone
	statuses lexicon
	unknown  unknownWords  // of the column of status
	mixed    mixedSigns    // of the priced columns
	written  currency      // of every row, where amounts are written with it and no column names it
	spoilt   spoiltIDs     // of orders
	remarked remarkedCells // of amounts
	masked   maskedCells   // of who and how to reach them
	region   string        // of telephone numbers without a country code
	limit    int64         // microseconds UTC; later facts are rejected
	lastDay  int32         // the same as a date in the business zone
	key      []byte
	fields   []table.Field
	tags     []uint32 // by field: names it in the hash of a row; 0 keeps it out
	folded   folded   // what a Fold makes of the fields
}

// newPlan lays out the output for the bindings of a file.
func newPlan(k kind, header []string, bindings []Binding, opt Options) (*plan, error) {
	zone := newZone(opt.Zone)
	p := &plan{kind: k, zone: zone, key: opt.Key, limit: math.MaxInt64, lastDay: math.MaxInt32}
	if !opt.Now.IsZero() {
		limit := opt.Now.Add(24 * time.Hour)
		cur := zone.cursor()
		p.limit, p.lastDay = limit.UnixMicro(), cur.day(limit.Unix())
	}
	err := checkRegion(opt.PhoneRegion)
	if err != nil {
		return nil, err
	}
	p.region = opt.PhoneRegion
	if p.statuses, err = withStatuses(opt.Status); err != nil {
		return nil, err
	}
	utc, times, timesName := newZone(time.UTC), zone, ""
	if opt.Times != nil && opt.Times.String() != opt.Zone.String() {
		times, timesName = newZone(opt.Times), opt.Times.String()
	}
	for _, b := range bindings {
		c := column{target: b.Target, typ: typeAttribute, index: b.Index, header: b.Header, zone: times, zoneName: timesName,
			insist: slices.Contains(k.insist, b.Target)}
		for _, i := range b.From {
			c.from = append(c.from, origin{i, header[i]})
		}
		if len(b.From) > 0 {
			c.header = header[b.From[0]]
		}
		for _, t := range targetsOf(k.name) {
			if t.name == b.Target {
				c.typ = t.typ
			}
		}
		if inUTC(c.header) {
			c.zone, c.zoneName = utc, "UTC"
		}
		p.columns = append(p.columns, c)
	}
	for i := range p.columns {
		c := &p.columns[i]
		c.priced = c.typ == typeMoney && c.target != "quantity" && !p.has("currency")
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
		if t.name == "currency" && p.written != (currency{}) {
			add(table.Field{Name: t.name, Kind: table.Text}, false)
			continue
		}
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
