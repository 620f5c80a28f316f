package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The days between neighbouring days with an order decide what is unusual.
func TestGaps(t *testing.T) {
	every := func(step int32, n int32, without ...int32) []int32 {
		var on []int32
		for i := range n {
			if d := i * step; !slices.Contains(without, d) {
				on = append(on, d)
			}
		}
		return on
	}
	span := func(from, to int32) []int32 {
		var days []int32
		for d := from; d <= to; d++ {
			days = append(days, d)
		}
		return days
	}
	for name, c := range map[string]struct {
		on    []int32
		usual int32
		want  []Gap
	}{
		"nothing":                 {nil, 3, nil},
		"one day":                 {[]int32{5}, 3, nil},
		"two far days":            {[]int32{5, 500}, 5 * 494, nil}, // all there is to go by
		"daily":                   {every(1, 400), 3, nil},
		"daily, three days off":   {every(1, 400, span(100, 102)...), 3, nil},
		"daily, four days off":    {every(1, 400, span(100, 103)...), 3, []Gap{{100, 103}}},
		"weekly":                  {every(7, 100), 30, nil}, // six days between: thirty and no more
		"weekly, four off":        {every(7, 100, 350, 357, 364, 371), 30, []Gap{{344, 377}}},
		"weekly, three off":       {every(7, 100, 350, 357, 364), 30, nil},
		"two holidays of a month": {every(1, 800, append(span(100, 130), span(465, 495)...)...), 3, []Gap{{100, 130}, {465, 495}}},
	} {
		usual, got := gaps(c.on)
		if usual != c.usual || !slices.Equal(got, c.want) {
			t.Errorf("%s: usual %d, %v; want %d, %v", name, usual, got, c.usual, c.want)
		}
	}
}

// No gap holds a day with an order, and none of more days than usual is missed.
func TestGapsAreGaps(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		on := rapid.SliceOfNDistinct(rapid.Int32Range(0, 2000), 0, 60, rapid.ID[int32]).Draw(r, "days")
		slices.Sort(on)
		usual, found := gaps(on)
		for _, g := range found {
			if g.Days() <= usual || slices.ContainsFunc(on, func(d int32) bool { return d >= g.From && d <= g.To }) {
				r.Fatalf("%v, usual %d: %v", on, usual, g)
			}
		}
		for i := range len(on) - 1 {
			if g := (Gap{on[i] + 1, on[i+1] - 1}); g.Days() > usual && !slices.Contains(found, g) {
				r.Fatalf("%v, usual %d: %v is missed", on, usual, g)
			}
		}
	})
}

// Every order is in one period, and the periods reach to the as-of day.
func TestSupplies(t *testing.T) {
	m := empty(t)
	for _, c := range []struct {
		first, asOf string
		step        int32
		periods     int
		partial     bool
	}{
		{"2025-06-18", "2025-06-18", 1, 1, false},
		{"2025-01-10", "2025-06-18", 1, 160, false},
		{"2025-01-09", "2025-06-18", 7, 24, true},   // Monday 6 January to Wednesday 18 June
		{"2025-01-06", "2025-06-22", 7, 24, false},  // to a Sunday
		{"2010-01-04", "2025-06-18", 56, 101, true}, // 807 weeks are 101 times eight, the last not over
	} {
		var list [][]any
		orders := int64(0)
		for d := dayOf(c.first); d <= dayOf(c.asOf)+1; d += 3 {
			list = append(list, []any{"shop", d, int(d % 7)})
			if d <= dayOf(c.asOf) {
				orders += int64(d % 7)
			}
		}
		list = append(list, []any{"later", dayOf(c.asOf) + 1, 9})
		m["quality_days"] = result(t, "quality_days", list...)
		s := build(t, m, Meta{AsOf: dayOf(c.asOf)}).Supplies
		if len(s.Sources) != 1 || s.Step != c.step || len(s.Sources[0].Periods) != c.periods || s.Partial != c.partial {
			t.Errorf("%s to %s: %d sources, step %d, %d periods, partial %v", c.first, c.asOf, len(s.Sources), s.Step, len(s.Sources[0].Periods), s.Partial)
			continue
		}
		sum := int64(0)
		for _, n := range s.Sources[0].Periods {
			sum += n
		}
		if sum != orders || s.Sources[0].Orders != orders {
			t.Errorf("%s to %s: %d orders in periods, %d in all, want %d", c.first, c.asOf, sum, s.Sources[0].Orders, orders)
		}
		if end := s.From + int32(c.periods)*s.Step; end <= dayOf(c.asOf) || end-s.Step > dayOf(c.asOf) {
			t.Errorf("%s to %s: periods end before day %d", c.first, c.asOf, end)
		}
	}
}

// What there is nothing of has no block.
func TestQualityBlocks(t *testing.T) {
	m := empty(t)
	m["quality"] = result(t, "quality", []any{"orders", "shop", "loaded", 1, 20, 20, 0, 0}, []any{"orders", "shop", "rolled back", 1, 7, 7, 0, 0})
	titles := func(d *Data) string {
		var list []string
		for _, b := range (printer{}).quality(d).Blocks {
			list = append(list, b.Title)
		}
		return strings.Join(list, "; ")
	}
	if got := titles(build(t, m, Meta{})); got != "Rows loaded, by source; Customer ids joined" {
		t.Error(got)
	}
	// A batch that was rolled back is listed and is not among what was read.
	if words := (printer{}).quality(build(t, m, Meta{})).Blocks[0].Caption; !strings.HasPrefix(words, "The files that are loaded have 20 rows: 20 accepted") {
		t.Error(words)
	}
	full, meta := shop(t, 60)
	want := "Rows loaded, by source; Checks that failed; Why rows were rejected; Orders over time, by source; Unusual gaps between orders; " +
		"Freshness; What the store holds; Values that are not known; Customer ids joined; Keys that too many share; Left out of scoring by rules"
	if got := titles(build(t, full, meta)); got != want {
		t.Error(got)
	}
}

// Every number of the chapter stands under a head that says what is counted.
func TestNumbersHaveUnits(t *testing.T) {
	m, meta := shop(t, 60)
	d := build(t, m, meta)
	for _, c := range []struct {
		printer printer
		units   []string
	}{
		{printer{currency: d.Currency}, []string{"Files", "Rows", "rows", "Facts", "Day", "day", "days", "Share", "Ids", "Customers", "People", "Orders", "amount"}},
		{printer{zh: true, currency: d.Currency}, []string{"数", "日", "占", "净额"}},
	} {
		heads := 0
		for _, b := range c.printer.quality(d).Blocks {
			if b.Table == nil {
				continue
			}
			for i, head := range b.Table.Head {
				if !b.Table.Numbers[i] {
					continue
				}
				heads++
				if !slices.ContainsFunc(c.units, func(unit string) bool { return strings.Contains(head, unit) }) {
					t.Errorf("%s: %q does not say of what", b.Title, head)
				}
			}
		}
		if heads < 30 {
			t.Errorf("only %d columns of numbers", heads)
		}
	}
}

// The longest gaps are listed, the others counted; so are sources beyond those drawn.
func TestManyGapsAndSources(t *testing.T) {
	m := empty(t)
	asOf := dayOf("2025-06-18")
	var list [][]any
	for i := range 12 {
		for d := asOf - 900; d <= asOf; d++ {
			if hole := d % 100; hole >= 4+int32(i) || i > 1 {
				list = append(list, []any{fmt.Sprintf("s%02d", i), d, 1 + i})
			}
		}
	}
	m["quality_days"] = result(t, "quality_days", list...)
	d := build(t, m, Meta{AsOf: asOf})
	block := (printer{}).gapTable(d)
	// Of days that end in 00 to 03 (00 to 04), nine lie in the 901 days, none at an end.
	if len(block.Table.Rows) != maxGaps || block.Caption != "The 12 longest; 6 more are shorter." {
		t.Errorf("%d rows, %q", len(block.Table.Rows), block.Caption)
	}
	if first := block.Table.Rows[0]; first[0] != "s01" || first[3] != "5" {
		t.Errorf("first %q", first)
	}
	words := (printer{}).supplyBlock(d).Caption
	if !strings.Contains(words, "In orange 18 unusual gaps, 81 days in all") || !strings.HasSuffix(words, "Not shown: 2 sources with fewer orders.") {
		t.Error(words)
	}
	for _, lang := range []string{"en", "zh"} {
		checkPictures(t, written(t, d, lang))
	}
}
