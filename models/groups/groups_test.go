package groups

import (
	"math"
	"slices"
	"testing"

	"clientele/engine/table"
)

// Quantiles of chi-squared as tables have them.
func TestComparison(t *testing.T) {
	for _, c := range []struct {
		ratio   float64
		degrees int
		p       float64
	}{{9.488, 4, .05}, {18.467, 4, .001}, {3.841, 1, .05}, {0, 3, 1}} {
		got := Comparison{LogLikelihood: -1000 + c.ratio/2, One: -1000, Parameters: 4 + c.degrees, OneParameters: 4}
		if math.Abs(got.P()-c.p) > 2e-5 || got.Degrees() != c.degrees || math.Abs(got.AIC()-(c.ratio-2*float64(c.degrees))) > 1e-9 {
			t.Errorf("ratio %v with %d: p %v, AIC %v", c.ratio, c.degrees, got.P(), got.AIC())
		}
	}
	if p := (Comparison{LogLikelihood: math.NaN(), Parameters: 8, OneParameters: 4}).P(); !math.IsNaN(p) {
		t.Errorf("nothing to compare: p %v", p)
	}
}

func TestDivide(t *testing.T) {
	c := &table.Column{Field: table.Field{Name: "by", Kind: table.Category, Labels: []string{"z", "unused", "a"}}, Codes: []int32{0, 2, -1, 0, 2, -1}}
	list, none := divide(c)
	if len(list) != 2 || list[0].name != "a" || !slices.Equal(list[0].rows, []int{1, 4}) || !slices.Equal(list[1].rows, []int{0, 3}) || !slices.Equal(none, []int{2, 5}) {
		t.Errorf("%+v, none %v", list, none)
	}
	var many []group
	for i := range Most + 5 {
		many = append(many, group{string(rune('A' + i)), make([]int, i%9)})
	}
	if n := len(largest(many)); n != Most {
		t.Errorf("%d groups are fitted", n)
	}
}

func TestTake(t *testing.T) {
	in := table.New(
		&table.Column{Field: table.Field{Name: "n", Kind: table.Int}, Ints: []int64{1, 2, 3}, Null: []bool{false, true, false}},
		&table.Column{Field: table.Field{Name: "v", Kind: table.Float}, Floats: []float64{.1, .2, .3}},
		&table.Column{Field: table.Field{Name: "s", Kind: table.Text}, Texts: table.Strings{Offsets: []int32{0, 1, 1, 3}, Bytes: []byte("abc")}},
	)
	got := in.Take([]int{2, 1}, "n", "s", "absent")
	if got.Rows() != 2 || len(got.Columns()) != 2 || !slices.Equal(got.Ints("n"), []int64{3, 2}) || !slices.Equal(got.Column("n").Null, []bool{false, true}) || string(got.Column("s").Texts.At(0)) != "bc" {
		t.Errorf("%+v", got)
	}
	got.Ints("n")[0] = 9
	if in.Ints("n")[2] != 3 || in.Take(nil, "n").Rows() != 0 {
		t.Error("not a copy")
	}
}
