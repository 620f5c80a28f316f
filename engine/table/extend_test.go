package table

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
)

// Columns that are put together of parts are those that were cut, whatever the parts.
func TestExtend(t *testing.T) {
	const n = 23
	whole := Make(n, Field{Name: "f", Kind: Float}, Field{Name: "i", Kind: Int}, Field{Name: "d", Kind: Date}, Field{Name: "b", Kind: Bool}, Field{Name: "c", Kind: Category, Labels: []string{"x"}})
	texts := &Column{Field: Field{Name: "t", Kind: Text}}
	for i := range n {
		whole.Floats("f")[i], whole.Ints("i")[i], whole.Dates("d")[i] = math.Sqrt(float64(i)), int64(i)*7, int32(-i)
		whole.Column("b").Bools[i], whole.Codes("c")[i] = i%3 == 0, int32(i%2)-1
		texts.Texts.AppendString(fmt.Sprint("text", i*i*i))
	}
	whole.Add(texts)
	shorts := &Column{Field: Field{Name: "s", Kind: Int}, Shorts: make([]int32, n)}
	for i := range n {
		shorts.Shorts[i] = int32(i) * -11
	}
	whole.Add(shorts)
	whole.Column("i").Null = make([]bool, n)
	whole.Column("i").Null[4] = true
	for size := 1; size <= n; size++ {
		for k, want := range whole.Columns() {
			first := *want.Slice(0, size)
			if want.Name == "i" && size <= 4 {
				first.Null = nil // a part without a missing value may have no mask
			}
			got := first.Reserve(n)
			room := got.room()
			for from := size; from < n; from += size {
				part := *want.Slice(from, min(from+size, n))
				if want.Name == "i" && from > 4 {
					part.Null = nil
				}
				got.Extend(&part)
			}
			if got.Len() != n || got.room() != room {
				t.Fatalf("column %d of parts of %d: %d rows in %d, want %d in %d", k, size, got.Len(), got.room(), n, room)
			}
			same := reflect.DeepEqual(got.Floats, want.Floats) || want.Kind != Float
			same = same && (want.Kind != Int || reflect.DeepEqual(got.Ints, want.Ints) && reflect.DeepEqual(got.Shorts, want.Shorts) && reflect.DeepEqual(got.Null, want.Null))
			same = same && (want.Kind != Date || reflect.DeepEqual(got.Dates, want.Dates))
			same = same && (want.Kind != Bool || reflect.DeepEqual(got.Bools, want.Bools))
			same = same && (want.Kind != Category || reflect.DeepEqual(got.Codes, want.Codes))
			same = same && (want.Kind != Text || reflect.DeepEqual(got.Texts, want.Texts))
			if !same {
				t.Fatalf("column %s of parts of %d differs: %v", want.Name, size, got)
			}
		}
	}
}

// What is held in 32 bits reads as it did in 64, and what does not fit stays.
func TestNarrow(t *testing.T) {
	for _, values := range [][]int64{{}, {0, -1, math.MaxInt32, math.MinInt32}, {1, math.MaxInt32 + 1}, {math.MinInt32 - 1}} {
		c := &Column{Field: Field{Kind: Int}, Ints: slices.Clone(values), Null: make([]bool, len(values))}
		c.Narrow()
		if fits := len(values) != 2 && len(values) != 1; fits != (c.Shorts != nil) || c.Null != nil || c.Len() != len(values) {
			t.Errorf("%d: %+v", values, c)
		}
		for i, v := range values {
			if c.Int(i) != v || c.Wide()[i] != v || c.Slice(i, i+1).Int(0) != v || c.take([]int{i}).Int(0) != v {
				t.Errorf("%d: %d reads as %d", values, v, c.Int(i))
			}
		}
	}
	c := &Column{Field: Field{Kind: Int}, Ints: []int64{7, 0}, Null: []bool{false, true}}
	if c.Narrow(); !c.Missing(1) || c.Missing(0) {
		t.Error("what is missing is not the same")
	}
	whole := New(c, &Column{Field: Field{Name: "other", Kind: Int}, Ints: []int64{1, 2}})
	if whole.Drop("other", "unknown"); whole.Rows() != 2 || len(whole.Columns()) != 1 || whole.Lookup("other") != nil || whole.Ints("")[0] != 7 {
		t.Errorf("of two columns %v are left", whole.Columns())
	}
}
