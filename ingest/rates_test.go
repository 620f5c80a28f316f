package ingest

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"
)

func readRates(t testing.TB, text string) (*Rates, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rates.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := ReadRates(path)
	if err != nil {
		err = errors.New(strings.TrimPrefix(err.Error(), path))
	}
	return r, err
}

func day(t testing.TB, s string) int32 {
	t.Helper()
	var m moment
	if reason := parseMoment([]byte(s), orderYMD, &m); reason != "" {
		t.Fatalf("%q: %s", s, reason)
	}
	return m.day
}

const someRates = "date,from,to,rate\n2024-03-01,USD,CNY,7.2\n2024-03-05,USD,CNY,7.25\n2024-01-01,EUR,CNY,7.8125\n2024-03-01,JPY,CNY,0.048\n"

func TestRates(t *testing.T) {
	gbk, err := simplifiedchinese.GB18030.NewEncoder().String("汇率,日期,目标币种,原币种\n7.2,2024年3月1日,人民币,美元\n7.25,2024/3/5,CNY,USD\n7.8125,20240101,￥,€\n0.048,2024.3.1,rmb,日元\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"plain":                 someRates,
		"byte order mark, CRLF": "\ufeff" + strings.ReplaceAll(someRates, "\n", "\r\n"),
		"semicolons":            strings.ReplaceAll(someRates, ",", ";"),
		"tabs, a column more": strings.ReplaceAll(strings.NewReplacer("rate\n", "rate,source\n", "7.2\n", "7.2,ECB\n", "7.25\n", "7.25,\n", "7.8125\n", "7.8125,x\n", "0.048\n", "0.048,\n").
			Replace(someRates), ",", "\t"),
		"Chinese, GB18030":    gbk,
		"quotes, blank lines": strings.ReplaceAll(someRates, "USD", `" usd"`) + "\n\n",
		"twice the same":      someRates + "2024-03-01,USD,CNY,7.200\n",
	} {
		r, err := readRates(t, text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, c := range []struct {
			from, to, day string
			rate          float64
			text, on      string
		}{
			{"USD", "CNY", "2024-02-29", 0, "", ""},
			{"USD", "CNY", "2024-03-01", 7.2, "7.2", "2024-03-01"},
			{"USD", "CNY", "2024-03-04", 7.2, "7.2", "2024-03-01"},
			{"USD", "CNY", "2024-03-05", 7.25, "7.25", "2024-03-05"},
			{"USD", "CNY", "2099-01-01", 7.25, "7.25", "2024-03-05"},
			{"EUR", "CNY", "2024-03-05", 7.8125, "7.8125", "2024-01-01"},
			{"JPY", "CNY", "2024-03-05", 0.048, "0.048", "2024-03-01"},
			{"CNY", "USD", "2024-03-05", 0, "", ""},
			{"USD", "EUR", "2024-03-05", 0, "", ""},
			{"CNY", "CNY", "1999-01-01", 1, "1", "1999-01-01"},
		} {
			rate, on, ok := r.Rate(c.from, c.to, day(t, c.day))
			if rate != c.rate || ok != (c.on != "") || ok && dayText(on) != c.on {
				t.Errorf("%s: %s to %s on %s is %g of %s %v, want %g of %s", name, c.from, c.to, c.day, rate, dayText(on), ok, c.rate, c.on)
			}
			if text, ok := r.Text(c.from, c.to, day(t, c.day)); text != c.text || ok != (c.on != "") {
				t.Errorf("%s: %s to %s on %s is written %q, want %q", name, c.from, c.to, c.day, text, c.text)
			}
		}
		table := r.Table()
		var rows []string
		for i := range table.Rows() {
			rows = append(rows, fmt.Sprintf("%s %s %s %g", dayText(table.Dates("on")[i]), table.Column("from").Texts.At(i), table.Column("to").Texts.At(i), table.Floats("rate")[i]))
		}
		if got, want := strings.Join(rows, "; "), "2024-01-01 EUR CNY 7.8125; 2024-03-01 JPY CNY 0.048; 2024-03-01 USD CNY 7.2; 2024-03-05 USD CNY 7.25"; got != want {
			t.Errorf("%s: the table is %s, want %s", name, got, want)
		}
	}
	if n := (*Rates)(nil).Table().Rows(); n != 0 {
		t.Errorf("no rates are a table of %d rows", n)
	}
}

func TestConvertMoney(t *testing.T) {
	r, err := readRates(t, someRates)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		amount   int64
		from, to string
		day      string
		want     int64
		err      string
	}{
		{1_0000, "USD", "CNY", "2024-03-01", 7_2000, ""},
		{-1_0000, "USD", "CNY", "2024-03-05", -7_2500, ""},
		{12_3456, "CNY", "CNY", "1970-01-01", 12_3456, ""},
		{104, "JPY", "CNY", "2024-03-01", 5, ""}, // 4.992 units
		{125, "JPY", "CNY", "2024-03-01", 6, ""},
		{2, "USD", "CNY", "2024-03-05", 15, ""},   // 14.5, away from zero
		{-2, "USD", "CNY", "2024-03-05", -15, ""}, // -14.5
		{0, "USD", "CNY", "2024-03-05", 0, ""},
		{1, "EUR", "CNY", "2023-12-31", 0, "no rate from EUR to CNY on or before 2023-12-31"},
		{1, "CNY", "EUR", "2024-02-29", 0, "no rate from CNY to EUR on or before 2024-02-29"},
		{maxUnits, "USD", "CNY", "2024-03-05", 0, "99999999999999.9999 of USD is too large an amount of CNY"},
		{-200000000000000000, "USD", "CNY", "2024-03-05", 0, "-20000000000000.00 of USD is too large an amount of CNY"},
		{math.MinInt64, "USD", "CNY", "2024-03-05", 0, "-922337203685477.5808 of USD is too large an amount of CNY"},
	} {
		got, err := r.Convert(c.amount, c.from, c.to, day(t, c.day))
		if got != c.want || err != nil && err.Error() != c.err || err == nil && c.err != "" {
			t.Errorf("%d %s to %s on %s is %d %v, want %d %s", c.amount, c.from, c.to, c.day, got, err, c.want, c.err)
		}
		if missing := (*RateError)(nil); strings.HasPrefix(c.err, "no rate") && (!errors.As(err, &missing) || missing.From != c.from || missing.To != c.to || missing.Day != day(t, c.day)) {
			t.Errorf("%v is %#v", err, missing)
		}
	}
	if _, err := (*Rates)(nil).Convert(1, "USD", "CNY", 0); err == nil || err.Error() != "no rate from USD to CNY on or before 1970-01-01" {
		t.Errorf("no rates at all: %v", err)
	}
}

func TestRatesErrors(t *testing.T) {
	const head = "date,from,to,rate\n"
	for text, want := range map[string]string{
		"":                                      ": the file is empty; it needs the columns date, from, to, rate",
		head:                                    ": the file has a header and no rates",
		"date,from,rate\n":                      ": no column to: the header is \"date,from,rate\", and date, from, to, rate are needed",
		"date,from,to,rate,日期\n":                ": columns 1 and 5 are both called date",
		head + "soon,USD,CNY,7\n":               `:2: column date: "soon": not a date`,
		head + "2023-02-29,USD,CNY,7\n":         `:2: column date: "2023-02-29": no such day`,
		head + "03/04/2024,USD,CNY,7\n":         `:2: column date: "03/04/2024": ` + reasonYMD,
		head + "2024-03-01 09:00,USD,CNY,7\n":   `:2: column date: "2024-03-01 09:00": a rate is of a day, not of a time of day`,
		head + "2024-03-01,doubloons,CNY,7\n":   `:2: column from: "doubloons": not a currency`,
		head + "2024-03-01,,CNY,7\n":            `:2: column from: "": not a currency`,
		head + "2024-03-01,USD,US Dollar,7\n":   `:2: column to: "US Dollar": the currency that the rate is from`,
		head + "\n2024-03-01,USD,CNY,0\n":       `:3: column rate: "0": not a number above 0 written with a decimal point`,
		head + "2024-03-01,USD,CNY,-7\n":        `:2: column rate: "-7": not a number above 0 written with a decimal point`,
		head + "2024-03-01,USD,CNY,\"7,2\"\n":   `:2: column rate: "7,2": not a number above 0 written with a decimal point`,
		head + "2024-03-01,USD,CNY,7.\n":        `:2: column rate: "7.": not a number above 0 written with a decimal point`,
		head + "2024-03-01,USD,CNY,9000000\n":   `:2: column rate: "9000000": too large a rate: 9,000,000 or more`,
		head + "2024-03-01,USD,CNY\n":           ":2: the row has another number of cells than the header, which has 4",
		head + "2024-03-01,USD,\"C\"NY,7\n":     `:2: the row is not CSV: extraneous or missing " in quoted-field`,
		"date,from,to,rate\n\xff\xff\xff\xff\n": ": the text is neither UTF-8 nor GB18030; save the file as UTF-8",
		someRates + "2024-03-01,USD,CNY,7.1\n":  `:6: column rate: "7.1": another rate from USD to CNY on 2024-03-01 than 7.2 on line 2`,
	} {
		if _, err := readRates(t, text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := ReadRates(filepath.Join(t.TempDir(), "none.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// The last rate on or before a day, and products rounded half away from zero,
// are those of a plain search and of math/big.
func TestRatesAgainstBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		days := rapid.SliceOfNDistinct(rapid.Int32Range(19000, 19060), 1, 20, rapid.ID).Draw(t, "days")
		text := rapid.SliceOfN(rapid.StringMatching(`([1-9][0-9]{0,5}|0)\.[0-9]{0,11}[1-9]`), len(days), len(days)).Draw(t, "rates")
		s := series{}
		for _, i := range order(days) {
			units, reason := parseRate([]byte(text[i]))
			if reason != "" {
				t.Fatalf("rate %q: %s", text[i], reason)
			}
			s.days, s.rates = append(s.days, days[i]), append(s.rates, units)
		}
		r := &Rates{series: map[pair]series{{"USD", "CNY"}: s}}
		day := rapid.Int32Range(18990, 19070).Draw(t, "day")
		best := -1
		for i, d := range days {
			if d <= day && (best < 0 || d > days[best]) {
				best = i
			}
		}
		amount := rapid.Int64Range(-maxUnits, maxUnits).Draw(t, "amount")
		if rapid.Bool().Draw(t, "small") {
			amount %= 1_000_000
		}
		got, err := r.Convert(amount, "USD", "CNY", day)
		if best < 0 {
			if want := (&RateError{"USD", "CNY", day}); err == nil || err.Error() != want.Error() {
				t.Fatalf("%v, want %v", err, want)
			}
			return
		}
		if shown, _ := r.Text("USD", "CNY", day); shown != text[best] {
			t.Fatalf("the rate %s is written %s", text[best], shown)
		}
		exact, _ := new(big.Rat).SetString(text[best])
		exact.Mul(exact, new(big.Rat).SetInt64(amount))
		want := roundAway(exact)
		if fits := want.CmpAbs(big.NewInt(maxUnits)) <= 0; fits != (err == nil) || fits && want.Int64() != got {
			t.Fatalf("%d at %s is %d %v, want %s", amount, text[best], got, err, want)
		}
	})
}

// order returns the indices of v from its least value to its greatest.
func order(v []int32) []int {
	by := make([]int, len(v))
	for i := range by {
		by[i] = i
	}
	slices.SortFunc(by, func(a, b int) int { return int(v[a] - v[b]) })
	return by
}

// roundAway rounds to a whole number, halves away from zero.
func roundAway(r *big.Rat) *big.Int {
	half := big.NewRat(int64(r.Sign()), 2)
	sum := new(big.Rat).Add(r, half)
	return new(big.Int).Quo(sum.Num(), sum.Denom()) // towards zero
}

func TestRatesAllocateNothing(t *testing.T) {
	r, err := readRates(t, someRates)
	if err != nil {
		t.Fatal(err)
	}
	on := day(t, "2024-03-04")
	if n := testing.AllocsPerRun(100, func() {
		r.Rate("USD", "CNY", on)
		if _, err := r.Convert(12345, "USD", "CNY", on); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("a rate and a product allocate %g times", n)
	}
}

func FuzzRates(f *testing.F) {
	f.Add(someRates)
	f.Add("汇率;日期;目标币种;原币种\n7.2;2024年3月1日;人民币;美元\n")
	f.Add("date,from,to,rate\n\"2024-03-01\nx\",USD,CNY,7")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := readRates(t, s)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("the error has more than one line: %q", err)
			}
			return
		}
		table := r.Table()
		for i := range table.Rows() {
			rate, on, ok := r.Rate(string(table.Column("from").Texts.At(i)), string(table.Column("to").Texts.At(i)), table.Dates("on")[i])
			if !ok || rate <= 0 || on != table.Dates("on")[i] || rate != table.Floats("rate")[i] {
				t.Fatalf("row %d of %q is a rate of %g on %d", i, s, rate, on)
			}
		}
	})
}
