package ingest

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/bits"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"clientele/engine/table"
)

// Rates are exchange rates by day: one unit of from is worth rate units of to. A
// rate holds from its day until the day of the next one. Rates are never turned
// round or chained: what USD is in CNY says nothing exact about CNY in USD. They
// are not written after ReadRates, so goroutines may share them.
type Rates struct {
	series map[pair]series
}

type pair struct{ from, to string }

// series are the rates of a pair, by day.
type series struct {
	days  []int32
	rates []int64 // in units of 1/rateScale
}

// rateScale is how many units of a rate make one: twelve decimals.
const rateScale = 1_000_000_000_000

// maxRatesFile is a hundred years of daily rates of a dozen currencies.
const maxRatesFile = 16 << 20

// ReadRates reads a file of rates: CSV (comma, semicolon or tab; UTF-8 or
// GB18030) with a header that names the columns date, from, to and rate, in
// Chinese 日期, 原币种, 目标币种 and 汇率, in any order and among others. Days have
// the year first, currencies are ISO 4217 codes or the signs and names that
// currency columns have, rates are above 0 and below 9,000,000, with a decimal
// point; decimals past the twelfth are rounded half up.
//
// A file of more than 16 MB is none. The first fault is the error: a RowError, or one line that names the file. Two
// different rates of one pair and day are a fault.
func ReadRates(path string) (*Rates, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, at(path, bare(err))
	case !info.Mode().IsRegular():
		return nil, at(path, errors.New("is no regular file"))
	case info.Size() > maxRatesFile:
		return nil, at(path, fmt.Errorf("has %d bytes: no file of rates is as large", info.Size()))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, at(path, bare(err))
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		if data, err = simplifiedchinese.GB18030.NewDecoder().Bytes(data); err != nil || bytes.ContainsRune(data, utf8.RuneError) {
			return nil, at(path, errors.New("the text is neither UTF-8 nor GB18030; save the file as UTF-8"))
		}
	}
	r := ratesReader{path: path, csv: csv.NewReader(bytes.NewReader(data)), found: map[pair]map[int32]rateLine{}}
	if err := r.read(data); err != nil {
		return nil, err
	}
	return r.rates(), nil
}

// ratesReader is the state of ReadRates.
type ratesReader struct {
	path    string
	csv     *csv.Reader
	columns [4]int // where date, from, to and rate stand
	header  []string
	found   map[pair]map[int32]rateLine
}

// rateLine is a rate and the line it stands on.
type rateLine struct {
	rate int64
	line int64
	text string
}

// The columns of a file of rates, and what they are called.
const (
	rateDate = iota
	rateFrom
	rateTo
	rateRate
)

var rateNames = [...][]string{
	rateDate: {"date", "day", "on", "日期"},
	rateFrom: {"from", "原币种", "原币", "源币种"},
	rateTo:   {"to", "目标币种", "目标币", "本币"},
	rateRate: {"rate", "exchange rate", "汇率"},
}

func (r *ratesReader) read(data []byte) error {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	for _, sign := range []rune{'\t', ';'} {
		if bytes.ContainsRune(line, sign) {
			r.csv.Comma = sign
		}
	}
	if err := r.readHeader(); err != nil {
		return err
	}
	for {
		cells, err := r.csv.Read()
		if errors.Is(err, io.EOF) {
			if len(r.found) == 0 {
				return at(r.path, errors.New("the file has a header and no rates"))
			}
			return nil
		}
		if err != nil {
			return r.malformed(err)
		}
		if err := r.row(cells); err != nil {
			return err
		}
	}
}

func (r *ratesReader) malformed(err error) error {
	if e := (*csv.ParseError)(nil); errors.As(err, &e) {
		reason := "the row is not CSV: " + e.Err.Error()
		if errors.Is(e.Err, csv.ErrFieldCount) {
			reason = fmt.Sprintf("the row has another number of cells than the header, which has %d", len(r.header))
		}
		return &RowError{r.path, Reject{Line: int64(e.Line), Reason: reason}}
	}
	return at(r.path, err)
}

func (r *ratesReader) readHeader() error {
	header, err := r.csv.Read()
	if errors.Is(err, io.EOF) {
		return at(r.path, errors.New("the file is empty; it needs the columns date, from, to, rate"))
	}
	if err != nil {
		return r.malformed(err)
	}
	r.header = header
	for c, names := range rateNames {
		r.columns[c] = -1
		for i, h := range header {
			if !slices.ContainsFunc(names, func(n string) bool { return fold(n) == fold(h) }) {
				continue
			}
			if r.columns[c] >= 0 {
				return at(r.path, fmt.Errorf("columns %d and %d are both called %s", r.columns[c]+1, i+1, names[0]))
			}
			r.columns[c] = i
		}
		if r.columns[c] < 0 {
			return at(r.path, fmt.Errorf("no column %s: the header is %q, and date, from, to, rate are needed", names[0], strings.Join(header, ",")))
		}
	}
	return nil
}

func (r *ratesReader) row(cells []string) error {
	n, _ := r.csv.FieldPos(0)
	line := int64(n)
	fault := func(c int, reason string) error {
		return &RowError{r.path, Reject{Line: line, Column: strings.Join(strings.Fields(r.header[r.columns[c]]), " "), Value: cells[r.columns[c]], Reason: reason}}
	}
	cell := func(c int) []byte { return trim([]byte(cells[r.columns[c]])) }
	var m moment
	if reason := parseMoment(cell(rateDate), orderYMD, &m); reason != "" {
		return fault(rateDate, reason)
	}
	if m.timed {
		return fault(rateDate, "a rate is of a day, not of a time of day")
	}
	var p pair
	var ok bool
	if p.from, ok = currencyOf(cell(rateFrom)); !ok || p.from == "" {
		return fault(rateFrom, "not a currency")
	}
	if p.to, ok = currencyOf(cell(rateTo)); !ok || p.to == "" {
		return fault(rateTo, "not a currency")
	}
	if p.from == p.to {
		return fault(rateTo, "the currency that the rate is from")
	}
	units, reason := parseRate(cell(rateRate))
	if reason != "" {
		return fault(rateRate, reason)
	}
	if r.found[p] == nil {
		r.found[p] = map[int32]rateLine{}
	}
	if was, ok := r.found[p][m.day]; ok {
		if was.rate != units {
			return fault(rateRate, fmt.Sprintf("another rate from %s to %s on %s than %s on line %d", p.from, p.to, dayText(m.day), was.text, was.line))
		}
		return nil
	}
	r.found[p][m.day] = rateLine{units, line, string(cell(rateRate))}
	return nil
}

// parseRate reads digits with at most one decimal point as units of 1/rateScale.
func parseRate(b []byte) (units int64, reason string) {
	const bad = "not a number above 0 written with a decimal point"
	var buf [64]byte
	p, ok := foldMoney(buf[:0], b)
	if !ok {
		return 0, bad
	}
	whole, frac, point := bytes.Cut(p, []byte("."))
	if len(whole) == 0 || point && len(frac) == 0 {
		return 0, bad
	}
	for _, c := range slices.Concat(whole, frac) {
		if c-'0' > 9 {
			return 0, bad
		}
	}
	if whole = bytes.TrimLeft(whole, "0"); len(whole) > 7 || len(whole) == 7 && whole[0] == '9' {
		return 0, "too large a rate: 9,000,000 or more"
	}
	for _, c := range whole {
		units = units*10 + int64(c-'0')
	}
	for i := range 12 {
		if units *= 10; i < len(frac) {
			units += int64(frac[i] - '0')
		}
	}
	if len(frac) > 12 && frac[12] >= '5' {
		units++
	}
	if units == 0 {
		return 0, bad
	}
	return units, ""
}

func (r *ratesReader) rates() *Rates {
	out := &Rates{series: make(map[pair]series, len(r.found))}
	for p, byDay := range r.found {
		var s series
		for _, day := range slices.Sorted(maps.Keys(byDay)) {
			s.days, s.rates = append(s.days, day), append(s.rates, byDay[day].rate)
		}
		out.series[p] = s
	}
	return out
}

// find returns the last rate on or before a day, in units of 1/rateScale.
func (r *Rates) find(from, to string, day int32) (units int64, on int32, ok bool) {
	if from == to {
		return rateScale, day, true
	}
	if r == nil {
		return 0, 0, false
	}
	s := r.series[pair{from, to}]
	i, found := slices.BinarySearch(s.days, day)
	if !found {
		i--
	}
	if i < 0 {
		return 0, 0, false
	}
	return s.rates[i], s.days[i], true
}

// Rate returns the last rate from one currency to another (ISO 4217 codes) on or
// before a day, days since 1970-01-01, and the day it is of; false when there is
// none. A currency is worth one of itself on every day. A nil *Rates has no rates.
func (r *Rates) Rate(from, to string, day int32) (rate float64, on int32, ok bool) {
	units, on, ok := r.find(from, to, day)
	return float64(units) / rateScale, on, ok
}

// Text is the rate that Convert multiplies by, as a plain decimal number of at
// most twelve decimals.
func (r *Rates) Text(from, to string, day int32) (text string, ok bool) {
	units, _, ok := r.find(from, to, day)
	if !ok {
		return "", false
	}
	text = fmt.Sprintf("%d.%012d", units/rateScale, units%rateScale)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), "."), true
}

// RateError says that there is no rate for a day.
type RateError struct {
	From, To string // ISO 4217 codes
	Day      int32  // days since 1970-01-01
}

// Error reads like no rate from EUR to CNY on or before 2024-03-01.
func (e *RateError) Error() string {
	return fmt.Sprintf("no rate from %s to %s on or before %s", e.From, e.To, dayText(e.Day))
}

// Convert turns an amount, in units of 1/10,000, into another currency by the
// last rate on or before a day. The product is computed exactly and rounded half
// away from zero to a unit. The error is a *RateError when there is no rate, and
// another one when the result has more than the 14 digits before the decimal
// point that money columns hold.
func (r *Rates) Convert(amount int64, from, to string, day int32) (int64, error) {
	if from == to {
		return amount, nil
	}
	rate, _, ok := r.find(from, to, day)
	if !ok {
		return 0, &RateError{from, to, day}
	}
	size := uint64(amount)
	if amount < 0 {
		size = -size
	}
	if hi, lo := bits.Mul64(size, uint64(rate)); hi < rateScale {
		units, rest := bits.Div64(hi, lo, rateScale)
		if rest >= rateScale/2 {
			units++
		}
		if units <= maxUnits {
			if amount < 0 {
				return -int64(units), nil
			}
			return int64(units), nil
		}
	}
	return 0, fmt.Errorf("%s of %s is too large an amount of %s", amountText(amount), from, to)
}

// amountText writes units of 1/10,000 with two decimals, or four where they count.
func amountText(units int64) string {
	sign, size := "", uint64(units)
	if units < 0 {
		sign, size = "-", -size
	}
	text := fmt.Sprintf("%s%d.%04d", sign, size/table.DecimalScale, size%table.DecimalScale)
	return strings.TrimSuffix(text, "00")
}

// Table returns the rates as rows of on (Date), from, to (Text) and rate (Float),
// by from, to and on.
func (r *Rates) Table() *table.Table {
	t := table.Make(0, table.Field{Name: "on", Kind: table.Date}, table.Field{Name: "from", Kind: table.Text},
		table.Field{Name: "to", Kind: table.Text}, table.Field{Name: "rate", Kind: table.Float})
	on, from, to, value := t.Column("on"), t.Column("from"), t.Column("to"), t.Column("rate")
	if r != nil {
		for _, p := range slices.SortedFunc(maps.Keys(r.series), func(a, b pair) int {
			return cmp.Or(strings.Compare(a.from, b.from), strings.Compare(a.to, b.to))
		}) {
			s := r.series[p]
			for i, day := range s.days {
				on.Dates = append(on.Dates, day)
				from.Texts.AppendString(p.from)
				to.Texts.AppendString(p.to)
				value.Floats = append(value.Floats, float64(s.rates[i])/rateScale)
			}
		}
	}
	return table.New(t.Columns()...)
}
