package engine

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"clientele/engine/table"
)

// measures are the figures that can be compared, in the order of their columns.
// Those from firstMoney on are money.
func measures() []string { return []string{"orders", "customers", "gross", "refunds", "net"} }

const firstMoney = 2

// Total is what somebody says that a source sold in a month, in a year or in
// all. Its figures are by measure: orders and customers as counts, gross, refunds
// and net in units of 1/10,000, as table.Decimal has it.
type Total struct {
	Source  string // empty: all sources together
	Period  string // 2024-01, 2024, or empty: in all
	Figures map[string]int64
	Place   string // where it stands, for messages: totals.csv:2
}

// ReadTotals reads totals from a CSV file with a header, or, by the ending
// .yaml or .yml, from a YAML list. The columns are source, month, orders,
// customers, gross, refunds and net, in English or Chinese and in any order;
// those that are not there are not compared.
func ReadTotals(path string) ([]Total, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("totals %s: %w", path, underlying(err))
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("totals %s: not UTF-8 text: save it as CSV UTF-8", path)
	}
	read := csvEntries
	if ending := strings.ToLower(filepath.Ext(path)); ending == ".yaml" || ending == ".yml" {
		read = yamlEntries
	}
	entries, err := read(path, text)
	if err != nil {
		return nil, err
	}
	return totalsOf(entries)
}

// ParseTotal reads the words of a flag: source=shop,month=2024-01,orders=12,net=345.60.
func ParseTotal(text string) (Total, error) {
	e := totalEntry{place: fmt.Sprintf("%q", text)}
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return Total{}, fmt.Errorf("%s: write it as source=shop,month=2024-01,orders=12,net=345.60", e.place)
		}
		e.names, e.values = append(e.names, name), append(e.values, value)
	}
	return e.total()
}

// totalEntry is one row of a file of totals as it was written.
type totalEntry struct {
	place         string
	names, values []string
}

func totalsOf(entries []totalEntry) ([]Total, error) {
	var all []Total
	for _, e := range entries {
		t, err := e.total()
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// totalColumns are the names of the columns, with their Chinese ones.
func totalColumns() map[string]string {
	return map[string]string{
		"source": "source", "来源": "source", "month": "month", "period": "month", "year": "month", "月份": "month", "年份": "month",
		"orders": "orders", "订单数": "orders", "customers": "customers", "客户数": "customers",
		"gross": "gross", "退款前金额": "gross", "refunds": "refunds", "退款": "refunds", "net": "net", "净额": "net",
	}
}

func (e totalEntry) total() (Total, error) {
	t := Total{Place: e.place, Figures: map[string]int64{}}
	seen := map[string]bool{}
	for i, name := range e.names {
		column, known := totalColumns()[strings.ToLower(strings.TrimSpace(name))]
		if !known {
			return t, fmt.Errorf("%s: unknown column %q: there are source, month, %s", e.place, name, strings.Join(measures(), ", "))
		}
		if seen[column] {
			return t, fmt.Errorf("%s: %s stands twice", e.place, column)
		}
		seen[column] = true
		value := strings.TrimSpace(e.values[i])
		if value == "" {
			continue
		}
		if err := t.set(column, value); err != nil {
			return t, fmt.Errorf("%s: %s: %q: %w", e.place, column, value, err)
		}
	}
	if len(t.Figures) == 0 {
		return t, fmt.Errorf("%s: no figure to compare: give one of %s", e.place, strings.Join(measures(), ", "))
	}
	return t, nil
}

func (t *Total) set(column, value string) (err error) {
	switch at := slices.Index(measures(), column); {
	case column == "source":
		t.Source = value
	case column == "month":
		t.Period, err = parsePeriod(value)
	case at < firstMoney:
		t.Figures[column], err = strconv.ParseInt(ungrouped(value), 10, 64)
		if err != nil {
			err = errors.New("not a whole number")
		}
	default:
		t.Figures[column], err = parseUnits(value)
	}
	return err
}

// parsePeriod reads a month or a year as reconcile names them. A day is taken
// for its month when it is the first, as spreadsheets write months.
func parsePeriod(text string) (string, error) {
	for _, layout := range []string{"2006-01", "2006/01", "200601", "2006-1", "2006/1", "2006年1月"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.Format("2006-01"), nil
		}
	}
	for _, layout := range []string{"2006", "2006年"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.Format("2006"), nil
		}
	}
	if at, err := time.Parse(time.DateOnly, text); err == nil && at.Day() == 1 {
		return at.Format("2006-01"), nil
	}
	return "", errors.New("not a month such as 2024-01, nor a year such as 2024")
}

// ungrouped takes commas out that stand between groups of three digits.
func ungrouped(text string) string {
	whole, rest, dotted := strings.Cut(text, ".")
	groups := strings.Split(whole, ",")
	for i, g := range groups {
		if digits := strings.TrimLeft(g, "+-"); i > 0 && len(g) != 3 || i == 0 && len(groups) > 1 && (len(digits) < 1 || len(digits) > 3) {
			return text
		}
	}
	whole = strings.Join(groups, "")
	if dotted {
		return whole + "." + rest
	}
	return whole
}

// parseUnits reads an amount of at most four decimals in units of 1/10,000.
func parseUnits(text string) (int64, error) {
	whole, decimals, _ := strings.Cut(ungrouped(text), ".")
	digits := strings.TrimPrefix(strings.TrimPrefix(whole, "-"), "+") + decimals
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, errors.New("not an amount such as 34567.89")
	}
	if len(decimals) > 4 {
		if strings.Trim(decimals[4:], "0") != "" {
			return 0, errors.New("more than four decimals")
		}
		decimals = decimals[:4]
	}
	units, err := strconv.ParseInt(whole+decimals+strings.Repeat("0", 4-len(decimals)), 10, 64)
	if err != nil {
		return 0, errors.New("not an amount that the store can hold")
	}
	return units, nil
}

func csvEntries(path string, text []byte) ([]totalEntry, error) {
	r := csv.NewReader(bytes.NewReader(text))
	head, _, _ := bytes.Cut(text, []byte("\n"))
	for _, mark := range "\t;" {
		if bytes.ContainsRune(head, mark) && !bytes.ContainsRune(head, ',') {
			r.Comma = mark
		}
	}
	header, err := r.Read()
	if err == io.EOF {
		return nil, fmt.Errorf("totals %s: the file is empty", path)
	}
	var all []totalEntry
	for err == nil {
		var row []string
		if row, err = r.Read(); err == nil {
			line, _ := r.FieldPos(0)
			all = append(all, totalEntry{place: fmt.Sprintf("%s:%d", path, line), names: header, values: row})
		}
	}
	if err != io.EOF {
		return nil, fmt.Errorf("totals %s: %w", path, csvMistake(err))
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("totals %s: no rows below the header", path)
	}
	return all, nil
}

// csvMistake words an error of package csv for people.
func csvMistake(err error) error {
	var at *csv.ParseError
	if !errors.As(err, &at) {
		return err
	}
	if errors.Is(at.Err, csv.ErrFieldCount) {
		return fmt.Errorf("line %d: not as many cells as the header has", at.Line)
	}
	return fmt.Errorf("line %d: a quote stands where none may", at.Line)
}

func yamlEntries(path string, text []byte) ([]totalEntry, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		message := err.Error()
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil {
			message = fmt.Sprintf("line %d: %s", at.GetToken().Position.Line, at.GetMessage())
		}
		message, _, _ = strings.Cut(message, "\n")
		return nil, fmt.Errorf("totals %s: not valid YAML: %s", path, message)
	}
	var all []totalEntry
	for _, doc := range file.Docs {
		list, ok := doc.Body.(*ast.SequenceNode)
		if !ok {
			return nil, fmt.Errorf("totals %s: not a list: begin each total with \"- \"", path)
		}
		for _, node := range list.Values {
			e := totalEntry{place: fmt.Sprintf("%s:%d", path, node.GetToken().Position.Line)}
			total, ok := node.(ast.MapNode)
			if !ok {
				return nil, fmt.Errorf("%s: not a total: write it as key: value lines", e.place)
			}
			for it := total.MapRange(); it.Next(); {
				e.names = append(e.names, scalarText(it.Key()))
				e.values = append(e.values, scalarText(it.Value()))
			}
			all = append(all, e)
		}
	}
	return all, nil
}

// scalarText is a scalar as it was written; "" for anything else.
func scalarText(node ast.Node) string {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.NullNode:
		return ""
	case ast.ScalarNode:
		return n.GetToken().Value
	}
	return ""
}

// Tolerance is how far two figures may be apart and still agree.
type Tolerance struct {
	Money int64   // units of 1/10,000; counts must be equal
	Share float64 // of the expected figure; 0.01 is 1 %
}

// DefaultTolerance lets amounts differ by half a cent, which is rounding.
func DefaultTolerance() Tolerance { return Tolerance{Money: table.DecimalScale / 200} }

// ParseTolerance reads an amount such as 0.01, or a share such as 1%.
func ParseTolerance(text string) (Tolerance, error) {
	if digits, percent := strings.CutSuffix(text, "%"); percent {
		v, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if err != nil || !(v >= 0 && v <= 100) {
			return Tolerance{}, fmt.Errorf("tolerance %q: not a share such as 1%%", text)
		}
		return Tolerance{Share: v / 100}, nil
	}
	units, err := parseUnits(text)
	if err != nil || units < 0 {
		return Tolerance{}, fmt.Errorf("tolerance %q: neither an amount such as 0.01 nor a share such as 1%%", text)
	}
	return Tolerance{Money: units}, nil
}

// holds reports whether a difference from an expected figure is within it.
func (t Tolerance) holds(difference, expected int64, money bool) bool {
	allowed := t.Share * absolute(expected)
	if money {
		allowed = max(allowed, float64(t.Money))
	}
	return absolute(difference) <= allowed
}

func absolute(v int64) float64 { return max(float64(v), -float64(v)) }
