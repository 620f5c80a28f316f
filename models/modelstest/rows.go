package modelstest

import (
	"fmt"
	"math"
	"slices"

	"clientele/engine/table"
)

// clone copies t, values and all.
func clone(t *table.Table) *table.Table {
	all := make([]int, t.Rows())
	for i := range all {
		all[i] = i
	}
	return take(t, all)
}

// take returns a new table of the rows given, in that order.
func take(t *table.Table, rows []int) *table.Table {
	out := table.New()
	for _, c := range t.Columns() {
		v := &table.Column{Field: c.Field}
		switch c.Kind {
		case table.Float:
			v.Floats = pick(c.Floats, rows)
		case table.Int, table.Decimal, table.Timestamp:
			v.Ints = pick(c.Ints, rows)
		case table.Date:
			v.Dates = pick(c.Dates, rows)
		case table.Bool:
			v.Bools = pick(c.Bools, rows)
		case table.Category:
			v.Codes = pick(c.Codes, rows)
		case table.Text:
			v.Texts.Offsets = []int32{0}
			for _, i := range rows {
				v.Texts.Append(c.Texts.At(i))
			}
		}
		if c.Null != nil {
			v.Null = pick(c.Null, rows)
		}
		out.Add(v)
	}
	return out
}

func pick[T any](values []T, rows []int) []T {
	out := make([]T, len(rows))
	for k, i := range rows {
		out[k] = values[i]
	}
	return out
}

// clear1 makes one value missing; c is not a view.
func clear1(c *table.Column, i int) {
	switch c.Kind {
	case table.Float:
		c.Floats[i] = math.NaN()
	case table.Category:
		c.Codes[i] = -1
	default:
		if c.Null == nil {
			c.Null = make([]bool, c.Len())
		}
		c.Null[i] = true
	}
}

// garbage overwrites a column with values no model would leave there; kind 0
// and kind 1 differ in every row.
func garbage(c *table.Column, kind int) {
	for i := range c.Floats {
		c.Floats[i] = [2]float64{-7.25e77, math.NaN()}[kind]
	}
	for i := range c.Ints {
		c.Ints[i] = [2]int64{math.MinInt64 + 7, 5}[kind]
	}
	for i := range c.Dates {
		c.Dates[i] = [2]int32{math.MinInt32 + 7, 5}[kind]
	}
	for i := range c.Bools {
		c.Bools[i] = kind == 1
	}
	for i := range c.Codes {
		c.Codes[i] = [2]int32{0, -1}[kind]
	}
	for i := range c.Null {
		c.Null[i] = kind == 1
	}
}

// same compares the columns of want with those of that name in got, value by
// value: missing with missing, floats within a relative tolerance (0: bits), all else exactly.
func same(want, got *table.Table, tolerance float64) error {
	for _, a := range want.Columns() {
		if err := sameColumn(a, got.Column(a.Name), tolerance); err != nil {
			return err
		}
	}
	return nil
}

// equal is same, and the columns are the same ones in the same order.
func equal(want, got *table.Table, tolerance float64) error {
	if len(want.Columns()) != len(got.Columns()) {
		return fmt.Errorf("%d columns, not %d", len(got.Columns()), len(want.Columns()))
	}
	for i, a := range want.Columns() {
		if got.Columns()[i].Name != a.Name {
			return fmt.Errorf("column %d is %s, not %s", i, got.Columns()[i].Name, a.Name)
		}
	}
	return same(want, got, tolerance)
}

func sameColumn(a, b *table.Column, tolerance float64) error {
	if a.Kind != b.Kind || a.Len() != b.Len() || !slices.Equal(a.Labels, b.Labels) {
		return fmt.Errorf("column %s is of another kind, length or other labels", a.Name)
	}
	for i := range a.Len() {
		if a.Missing(i) || b.Missing(i) {
			if a.Missing(i) != b.Missing(i) {
				return fmt.Errorf("column %s row %d: one is missing, the other is not", a.Name, i)
			}
			continue
		}
		var want, got any
		switch a.Kind {
		case table.Float:
			if floatsAgree(a.Floats[i], b.Floats[i], tolerance) {
				continue
			}
			want, got = a.Floats[i], b.Floats[i]
		case table.Int, table.Decimal, table.Timestamp:
			if a.Ints[i] == b.Ints[i] {
				continue
			}
			want, got = a.Ints[i], b.Ints[i]
		case table.Date:
			if a.Dates[i] == b.Dates[i] {
				continue
			}
			want, got = a.Dates[i], b.Dates[i]
		case table.Bool:
			if a.Bools[i] == b.Bools[i] {
				continue
			}
			want, got = a.Bools[i], b.Bools[i]
		case table.Category:
			if a.Codes[i] == b.Codes[i] {
				continue
			}
			want, got = a.Codes[i], b.Codes[i]
		case table.Text:
			if string(a.Texts.At(i)) == string(b.Texts.At(i)) {
				continue
			}
			want, got = string(a.Texts.At(i)), string(b.Texts.At(i))
		}
		return fmt.Errorf("column %s row %d: %v, not %v", a.Name, i, got, want)
	}
	return nil
}

func floatsAgree(a, b, tolerance float64) bool {
	if tolerance == 0 {
		return math.Float64bits(a) == math.Float64bits(b)
	}
	return a == b || math.Abs(a-b) <= tolerance*max(1, math.Abs(a), math.Abs(b))
}
