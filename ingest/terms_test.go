package ingest

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"clientele/engine/table"
)

// termRows are orders whose terms are a channel and a coupon, each missing where it is 0.
func termRows(rows [][2]int) *table.Table {
	channel := &table.Column{Field: table.Field{Name: "channel", Kind: table.Text}, Null: make([]bool, len(rows)), Texts: table.Strings{Offsets: []int32{0}}}
	coupon := &table.Column{Field: table.Field{Name: "coupon", Kind: table.Text}, Null: make([]bool, len(rows)), Texts: table.Strings{Offsets: []int32{0}}}
	for r, row := range rows {
		for k, c := range []*table.Column{channel, coupon} {
			if c.Null[r] = row[k] == 0; c.Null[r] {
				c.Texts.AppendString("")
			} else {
				c.Texts.AppendString(fmt.Sprint(row[k]))
			}
		}
	}
	return table.New(channel, coupon)
}

// Numbers stand for one combination each, in this load and in the next, which begins
// with the terms that the store has by then; they are small, whatever numbers others are.
func TestTermsAreNumbered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := table.Make(0, TermFields()...)
		numbers := map[[2]int]int64{}
		if rapid.Bool().Draw(t, "hashes") { // of an earlier version, or made by the store itself
			store = gatherTerms([][2]int{{1, 1}}, []int64{1 << 60})
			numbers[[2]int{1, 1}] = 1 << 60
		}
		for range rapid.IntRange(1, 3).Draw(t, "loads") {
			terms := NewTerms(store)
			for range 2 { // sources
				f := Fold{Terms: terms}
				f.init()
				for range rapid.IntRange(1, 3).Draw(t, "chunks") {
					var rows [][2]int
					for range rapid.IntRange(1, 40).Draw(t, "rows") {
						rows = append(rows, [2]int{rapid.IntRange(0, 3).Draw(t, "channel"), rapid.IntRange(0, 3).Draw(t, "coupon")})
					}
					s := folder{Fold: &f, rows: len(rows), hashes: make([]uint64, len(rows)), fresh: make([]bool, len(rows))}
					column, told := s.side("terms", termRows(rows), []string{"channel", "coupon"}, TermFields(), f.terms, false)
					for r, row := range rows {
						if row == [2]int{} {
							if !column.Missing(r) {
								t.Fatal("an order without terms has a number")
							}
							continue
						}
						n := column.Ints[r]
						if was, ok := numbers[row]; ok && was != n {
							t.Fatalf("%v: number %d, then %d", row, was, n)
						}
						if n > 16 && n != 1<<60 {
							t.Fatalf("%v: number %d", row, n)
						}
						numbers[row] = n
					}
					for r, n := range told.Ints("terms") {
						row := [2]int{}
						for k, name := range []string{"channel", "coupon"} {
							if c := told.Column(name); !c.Missing(r) {
								fmt.Sscan(string(c.Texts.At(r)), &row[k])
							}
						}
						if numbers[row] != n {
							t.Fatalf("number %d is told of as %v", n, row)
						}
					}
				}
			}
			rows, of := [][2]int(nil), []int64(nil)
			seen := map[int64]bool{}
			for row, n := range numbers {
				if seen[n] {
					t.Fatalf("number %d stands for two combinations", n)
				}
				seen[n] = true
				rows, of = append(rows, row), append(of, n)
			}
			store = gatherTerms(rows, of)
		}
	})
}

// gatherTerms are rows of a store's terms.
func gatherTerms(rows [][2]int, numbers []int64) *table.Table {
	told := termRows(rows)
	all := make([]int, len(rows))
	for i := range all {
		all[i] = i
	}
	var columns []*table.Column
	for _, f := range TermFields() {
		c := told.Lookup(f.Name)
		if f.Name == "terms" {
			c = &table.Column{Field: f, Ints: numbers}
		}
		columns = append(columns, gather(f, c, all))
	}
	return table.New(columns...)
}

// Very many combinations keep their hashes, those that were numbered before their numbers.
func TestTermsBeyondCounting(t *testing.T) {
	terms := NewTerms(table.Make(0, TermFields()...))
	hashes := make([]int64, mostTerms+10)
	for i := range hashes {
		hashes[i] = int64(i+1) << 20
	}
	for range 2 {
		list := append([]int64(nil), hashes...)
		terms.number(list, make([]bool, len(list)))
		for i, n := range list {
			if i < mostTerms && n != int64(i+1) || i >= mostTerms && n != hashes[i] {
				t.Fatalf("combination %d has number %d", i, n)
			}
		}
	}
	many := gatherTerms(make([][2]int, MostTerms), make([]int64, MostTerms))
	list := []int64{5 << 20}
	if NewTerms(many).number(list, make([]bool, 1)); list[0] != 5<<20 {
		t.Errorf("number %d beside a store with too many", list[0])
	}
}
