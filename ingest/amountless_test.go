package ingest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// noted returns the notes on amounts of a file.
func noted(f *File) string {
	var found []string
	for _, n := range f.Notes {
		if strings.Contains(n, "no amount") {
			found = append(found, n)
		}
	}
	return strings.Join(found, "; ")
}

// Lines are those of the file: the header is line 1.
func TestRowsWithoutAmount(t *testing.T) {
	for _, c := range []struct {
		name, kind string
		rows       []string
		want       string
	}{
		{"blank, dash and words", "orders", []string{"order_id|customer_id|date|amount", "1|7|2024-01-31|5", "2|7|2024-01-31|", "3|7|2024-01-31|-", "4|7|2024-01-31|N/A", "5|7|2024-01-31|" + null, "6|7|2024-01-31|0"},
			"4 rows have no amount (first on line 3): taken as 0"},
		{"one", "orders", []string{"customer_id|date|amount", "7|2024-01-31|5", "7|2024-01-31|-"}, "1 row has no amount (line 3): taken as 0"},
		{"none", "orders", []string{"customer_id|date|amount", "7|2024-01-31|5", "7|2024-01-31|0.00"}, ""},
		{"rejected rows are no orders", "orders", []string{"customer_id|date|amount", "7|never|", "7|2024-01-31|oops", "7|2024-01-31|"}, "1 row has no amount (line 4): taken as 0"},
		{"no column of amounts", "orders", []string{"customer_id|date", "7|2024-01-31"}, ""},
		{"gross is there", "orders", []string{"customer_id|date|amount|subtotal", "7|2024-01-31||5"}, ""},
		{"amounts of lines are there", "orders", []string{"customer_id|date|amount|line_total", "7|2024-01-31||5"}, ""},
		{"quantity and price are there", "orders", []string{"customer_id|date|amount|qty|price", "7|2024-01-31||5|2"}, ""},
		{"a quantity alone gives no amount", "orders", []string{"customer_id|date|amount|qty", "7|2024-01-31||5"}, "1 row has no amount (line 2): taken as 0"},
		{"another kind", "responses", []string{"campaign_id|customer_id|date|event|amount", "1|7|2024-01-31|sent|"}, ""},
		{"the amount on each order's first row", "orders", []string{"order_id|customer_id|date|sku|amount", "1|7|2024-01-31|a|5", "1|7|2024-01-31|b|", "1|7|2024-01-31|c|", "2|7|2024-01-31|a|7", "2|7|2024-01-31|b|"}, ""},
		{"on its last row", "orders", []string{"order_id|customer_id|date|sku|amount", "1|7|2024-01-31|a|", "1|7|2024-01-31|b|", "1|7|2024-01-31|c|5", "2|7|2024-01-31|a|", "2|7|2024-01-31|b|7"}, ""},
		{"on no row of an order", "orders", []string{"order_id|customer_id|date|sku|amount", "1|7|2024-01-31|a|5", "1|7|2024-01-31|b|", "2|7|2024-01-31|a|", "2|7|2024-01-31|b|"},
			"2 rows have no amount (first on line 4): taken as 0"},
		{"an amount on each row, and one without", "orders", []string{"order_id|customer_id|date|sku|amount", "1|7|2024-01-31|a|5", "1|7|2024-01-31|b|", "2|7|2024-01-31|a|5", "2|7|2024-01-31|b|6"},
			"1 row has no amount (line 3): taken as 0"},
		{"no products: rows of one id are versions of the order", "orders", []string{"order_id|customer_id|date|amount", "1|7|2024-01-31|5", "1|7|2024-01-31|"}, "1 row has no amount (line 3): taken as 0"},
		{"products, and no ids of orders", "orders", []string{"customer_id|date|sku|amount", "7|2024-01-31|a|5", "7|2024-01-31|b|"}, "1 row has no amount (line 3): taken as 0"},
	} {
		for _, size := range []int{1, 2, 100} {
			got := load(t, options(c.kind), size, c.rows...)
			if n := noted(got.file); n != c.want {
				t.Errorf("%s in pieces of %d: %q, want %q", c.name, size, n, c.want)
			}
		}
	}
}

// Against a count that knows all rows of each order at once.
func TestRowsWithoutAmountOfAnyOrders(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		orders := rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom([]string{"", "", "5", "6"}), 1, 4), 1, 8).Draw(rt, "amounts")
		rows, blank, alone, line := []string{"order_id|customer_id|date|sku|amount"}, []int{}, []int{}, 1
		differ := false
		for id, amounts := range orders {
			filled := slices.DeleteFunc(slices.Clone(amounts), func(a string) bool { return a == "" })
			differ = differ || slices.Contains(filled, "5") && slices.Contains(filled, "6")
			for i, a := range amounts {
				line++
				rows = append(rows, fmt.Sprintf("%d|7|2024-01-31|p%d|%s", id, i, a))
				if a == "" {
					blank = append(blank, line)
					if len(filled) != 1 {
						alone = append(alone, line)
					}
				}
			}
		}
		if !differ {
			blank = alone
		}
		want := ""
		switch len(blank) {
		case 0:
		case 1:
			want = fmt.Sprintf("1 row has no amount (line %d): taken as 0", blank[0])
		default:
			want = fmt.Sprintf("%d rows have no amount (first on line %d): taken as 0", len(blank), blank[0])
		}
		got := load(t, options("orders"), rapid.IntRange(1, 9).Draw(rt, "piece"), rows...)
		if n := noted(got.file); n != want {
			rt.Fatalf("%q, want %q", n, want)
		}
	})
}

// talker is a reader that notes one thing when it is opened and one at its end.
type talker struct {
	Reader
	ended bool
}

func (k *talker) Next() (Piece, error) {
	p, err := k.Reader.Next()
	k.ended = err != nil
	return p, err
}

func (k *talker) Notes() []string {
	if k.ended {
		return []string{"early", "late"}
	}
	return []string{"early"}
}

// Notes are complete once Load has returned, each there once; what was taken of
// them before is as it was.
func TestNotesAreCompleteAfterLoad(t *testing.T) {
	for _, date := range []string{"2024-01-31", "31/01/2024"} { // the latter is read twice
		path, open := sheet(t, 1, "customer_id|date|amount", "7|"+date+"|5", "7|"+date+"|", "7|"+date+"|6")
		f, err := Open(context.Background(), path, options("orders"), func(path string, o Options) (Reader, Detected, error) {
			r, found, err := open(path, o)
			k := &talker{Reader: r}
			found.Notes = k.Notes()
			return k, found, err
		})
		if err != nil {
			t.Fatal(err)
		}
		before := f.Notes
		if slices.Contains(before, "late") || !slices.Contains(before, "early") {
			t.Errorf("%s: notes on opening are %q", date, before)
		}
		want := append(slices.Clone(before), "late", "1 row has no amount (line 3): taken as 0")
		taken := append(before, "the caller's own") // may use room behind the notes
		loadFile(t, f)
		if !slices.Equal(f.Notes, want) {
			t.Errorf("%s: notes are %q, want %q", date, f.Notes, want)
		}
		if taken[len(taken)-1] != "the caller's own" {
			t.Errorf("%s: the caller's notes became %q", date, taken)
		}
	}
}
