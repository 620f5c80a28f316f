package ingest

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// kind is what the code has to know of a kind of file; its columns are data
// (columns.tsv).
type kind struct {
	name string
	id   string // target that identifies a row
	made bool   // a file without that target gets ids made from content
	who  bool   // rows name a customer: customer_id, email or phone
	date string // target that dates a row; "" where rows have no date
	need [][]string
	// insist are targets without which a row is rejected, though not all
	// files need to have them (need says which).
	insist []string
	// marks are targets of which a file of this kind has at least one. Without
	// any, a file that was given as another kind is not taken for this one.
	marks []string
	// tells are targets of which one must be bound, by a name that says more than
	// "id" does, for a file to be taken for this kind when nobody says what it is.
	// tellWords are parts of names that one of its columns has to have as well.
	tells     []string
	tellWords []string
}

// who are the targets that name a customer.
func who() []string { return []string{"customer_id", "email", "phone"} }

// kinds is the list of kinds, in the order in which messages name them.
func kinds() []kind {
	who := who()
	return []kind{
		{name: "orders", id: "order_id", made: true, who: true, date: "ordered_at",
			need: [][]string{who, {"ordered_at"}}, insist: []string{"order_id", "ordered_at"},
			marks: []string{"net", "gross", "quantity", "unit_price", "line_net"},
			tells: []string{"order_id", "net", "gross", "quantity", "unit_price", "line_net"}},
		{name: "order-lines", id: "order_id",
			need: [][]string{{"order_id"}, {"product_id", "product_name"}}, insist: []string{"order_id"},
			tells: []string{"quantity", "unit_price", "line_net"}},
		{name: "customers", who: true, need: [][]string{who},
			marks: []string{"name", "first_name", "last_name", "gender", "birth_date", "acquired_on", "email_consent", "tags"},
			tells: []string{"name", "first_name", "last_name", "gender", "birth_date", "acquired_on", "email_consent", "sms_consent", "tags"}},
		{name: "products", id: "product_id", need: [][]string{{"product_id"}}, insist: []string{"product_id"},
			tells: []string{"name", "category", "brand", "price", "cost"}},
		{name: "refunds", id: "refund_id", made: true, who: true, date: "refunded_at",
			need:   [][]string{{"order_id", "customer_id", "email", "phone"}, {"refunded_at"}, {"amount"}},
			insist: []string{"refund_id", "refunded_at", "amount"},
			tells:  []string{"refund_id", "refunded_at", "amount"}, tellWords: []string{"refund", "return", "credit", "退"}},
		{name: "interactions", id: "interaction_id", made: true, who: true, date: "occurred_at",
			need: [][]string{who, {"occurred_at"}}, insist: []string{"interaction_id", "occurred_at"},
			tells: []string{"interaction_id", "kind", "direction", "agent", "topic", "first_response_at", "resolved_at", "satisfaction", "nps", "body"}},
		{name: "campaigns", id: "campaign_id", need: [][]string{{"campaign_id"}}, insist: []string{"campaign_id"},
			tells: []string{"campaign_id", "started_on", "ended_on", "objective", "recipients", "delivered", "opened", "clicked"}},
		{name: "responses", id: "response_id", made: true, who: true, date: "occurred_at",
			need:   [][]string{{"campaign_id"}, who, {"occurred_at"}, {"event"}},
			insist: []string{"response_id", "campaign_id", "occurred_at", "event"}, tells: []string{"event"}},
	}
}

// Kinds returns the names of the kinds of file.
func Kinds() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

func kindOf(name string) (kind, error) {
	for _, k := range kinds() {
		if k.name == name {
			return k, nil
		}
	}
	return kind{}, fmt.Errorf("no kind of file %q; the kinds are %s", name, strings.Join(Kinds(), ", "))
}

// A type of canonical column decides how its cells are converted.
type colType uint8

const (
	typeID colType = iota
	typeText
	typeInstant
	typePast
	typeDate
	typeClock
	typeMoney
	typeNumber
	typeRating
	typeInt
	typeBool
	typeStatus
	typeEvent
	typeGender
	typeEmail
	typePhone
	typeCurrency
	typeItems     // the lines of an order: see items.go
	typeAttribute // a value of the JSON object attributes; only through a mapping
)

func typeNames() []string {
	return []string{"id", "text", "instant", "past", "date", "clock", "money", "number", "rating", "int", "bool",
		"status", "event", "gender", "email", "phone", "currency", "items", "attribute"}
}

// target is one canonical column of a kind, with the folded names under which
// exports carry it, best first.
type target struct {
	name  string
	typ   colType
	names []string
}

//go:embed columns.tsv
var columnsTSV string

// targetsOf returns the canonical columns of a kind in the order of columns.tsv.
func targetsOf(kind string) []target { return parseColumns()[kind] }

var parseColumns = sync.OnceValue(func() map[string][]target {
	out := map[string][]target{}
	for _, f := range tsv(columnsTSV, 4) {
		typ := slices.Index(typeNames(), f[2])
		if typ < 0 {
			panic("ingest: columns.tsv: no type " + f[2])
		}
		for _, kind := range strings.Split(f[0], ",") {
			i := slices.IndexFunc(out[kind], func(t target) bool { return t.name == f[1] })
			if i < 0 {
				i = len(out[kind])
				out[kind] = append(out[kind], target{name: f[1], typ: colType(typ)})
			}
			t := &out[kind][i]
			for _, name := range strings.Split(f[3], "|") {
				if n := fold(name); !slices.Contains(t.names, n) {
					t.names = append(t.names, n)
				}
			}
		}
	}
	return out
})

// tsv splits a table of this package; a row with another number of fields is a
// mistake of the program.
func tsv(text string, fields int) [][]string {
	var rows [][]string
	for _, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != fields {
			panic(fmt.Sprintf("ingest: %d fields in %q", len(f), line))
		}
		rows = append(rows, f)
	}
	return rows
}

// fold is the form in which headers and words are compared: NFKC (full-width
// forms become plain ones), lower case, without blanks, byte order mark and _ - .
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '_' || r == '-' || r == '.' || r == '\ufeff' || r == '\u200b' {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKC.String(s))
}

// unbracketed is a folded header without its last bracket, 金额(元) -> 金额, or
// "" when it has none.
func unbracketed(folded string) string {
	if i := strings.LastIndexByte(folded, '('); i > 0 && strings.HasSuffix(folded, ")") {
		return folded[:i]
	}
	return ""
}
