package gammagamma

import (
	"math"
	"slices"
	"testing"

	"clientele/engine/table"
)

// The likelihood of its own rows is the one that the fit ended at, by groups too; of
// another shop's rows that shop's own fit has the greater.
func TestLogLikelihoodOf(t *testing.T) {
	in := simulate(Params{6, 4, 15}, 3000, 1)
	by := &table.Column{Field: table.Field{Name: "by", Kind: table.Category, Labels: []string{"a", "b"}}}
	for i := range in.Rows() {
		by.Codes = append(by.Codes, int32(i%2))
		if i%2 == 1 {
			in.Floats("repeat_spend")[i] *= 3
		}
	}
	in.Add(by)
	for _, m := range []*Model{{}, {By: "by"}} {
		f := mustFit(t, m, in)
		want := f.Report().LogLikelihood
		if f.Groups() != nil {
			want = f.Groups().Comparison.LogLikelihood
		}
		got, customers, err := f.LogLikelihoodOf(in)
		if err != nil || customers != f.Report().Rows || math.Abs(got-want) > 1e-9*math.Abs(want) {
			t.Errorf("%v of %d customers, want %v of %d, %v", got, customers, want, f.Report().Rows, err)
		}
	}
	other := simulate(Params{6, 4, 20}, 3000, 2)
	old, fresh := mustFit(t, &Model{}, in), mustFit(t, &Model{}, other)
	if got, _, err := old.LogLikelihoodOf(other); err != nil || !(got < fresh.Report().LogLikelihood-10) {
		t.Errorf("another shop's model reaches %v, its own %v, %v", got, fresh.Report().LogLikelihood, err)
	}
	few := mustFit(t, &Model{}, customers([]int64{1, 2, 3}, []float64{5, 6, 7}))
	if got, n, err := few.LogLikelihoodOf(other); !math.IsNaN(got) || n != 0 || err != nil {
		t.Errorf("no model: %v of %d, %v", got, n, err)
	}
	if _, _, err := old.LogLikelihoodOf(table.New(slices.Clone(other.Columns()[:1])...)); err == nil {
		t.Error("without spend")
	}
}
