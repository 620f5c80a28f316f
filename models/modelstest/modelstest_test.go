package modelstest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"sync/atomic"
	"testing"

	"clientele/engine/table"
	"clientele/models"
)

// centre is a small model that keeps its promises: spend above the mean, and
// the side of the mean. fault names one that it breaks.
type centre struct {
	fault string
	fits  int
}

type centred struct {
	Mean    float64 `json:"mean"`
	N       int     `json:"n"`
	fault   string
	rows    []float64 // fault kept: the rows of the fit
	scored  *atomic.Int64
	columns models.Spec
}

func (m *centre) Spec() models.Spec {
	s := models.Spec{
		Name: "centre", Doc: "Spend above the mean.",
		In: []table.Field{{Name: "orders", Kind: table.Int}, {Name: "spend", Kind: table.Float}},
		Out: []table.Field{
			{Name: "above", Kind: table.Float, Unit: "money", Doc: "spend above the mean", DocZh: "高于均值的消费"},
			{Name: "side", Kind: table.Category, Doc: "side of the mean", DocZh: "均值哪一侧", Labels: []string{"low", "high"}},
			{Name: "rank", Kind: table.Int, Doc: "orders again", DocZh: "订单数"},
		},
	}
	if m.fault == "undocumented" {
		s.Out[1].DocZh = ""
	}
	return s
}

func (m *centre) Fit(ctx context.Context, in *table.Table) (models.Fitted, error) {
	f := &centred{fault: m.fault, scored: new(atomic.Int64), columns: m.Spec()}
	if m.fault != "panics" {
		if err := m.Spec().Check(in); err != nil {
			return nil, err
		}
	}
	if m.fits++; m.fault == "moves" {
		f.Mean = float64(m.fits)
	}
	if m.fault == "refuses" && in.Rows() == 0 {
		return nil, errors.New("no rows")
	}
	orders, spend := in.Column("orders"), in.Floats("spend")
	for i, v := range spend {
		known := !orders.Missing(i) && !math.IsNaN(v)
		if m.fault == "counts missing" {
			f.N++
		} else if known {
			f.N++
		}
		if known {
			f.Mean += v
		}
	}
	if f.N > 0 {
		f.Mean /= float64(f.N)
	}
	if m.fault == "order" && len(spend) > 0 {
		f.Mean = spend[0]
	}
	if m.fault == "writes input" && len(spend) > 0 {
		spend[0]++
	}
	if m.fault == "keeps rows" {
		f.rows = spend
	}
	return f, nil
}

func (m *centre) Load(data []byte) (models.Fitted, error) {
	f := &centred{fault: m.fault, scored: new(atomic.Int64), columns: m.Spec()}
	d := json.NewDecoder(bytes.NewReader(data))
	if m.fault != "loads anything" {
		d.DisallowUnknownFields()
	}
	err := d.Decode(f)
	if m.fault == "forgets" {
		f.Mean = 0
	}
	return f, err
}

func (f *centred) Report() models.Report {
	r := models.Report{Model: "centre", Status: models.Fixed, Method: "mean", Rows: f.N, LogLikelihood: math.NaN(),
		Parameters: []models.Parameter{{Name: "mean", Value: f.Mean}}}
	if f.fault == "bad report" {
		r.Warnings = []models.Warning{{Code: "doubt", En: "a doubt"}}
	}
	return r
}

func (f *centred) Score(ctx context.Context, dst, src *table.Table) error {
	if err := f.columns.Check(src); err != nil && f.fault != "panics" {
		return err
	}
	orders, spend := src.Column("orders"), src.Floats("spend")
	above, side, rank := dst.Floats("above"), dst.Codes("side"), dst.Column("rank")
	mean := f.Mean
	if f.rows != nil {
		mean = f.rows[0]
	}
	if f.fault == "chunk mean" && len(spend) > 0 {
		mean = spend[0]
	}
	if f.fault == "counts calls" {
		mean += float64(f.scored.Add(1))
	}
	for i, v := range spend {
		rank.Null[i] = orders.Missing(i)
		if orders.Missing(i) || math.IsNaN(v) {
			above[i], side[i] = math.NaN(), -1
			if f.fault == "zero for missing" {
				above[i] = 0
			}
			continue
		}
		above[i] = v - mean
		if f.fault == "infinite" {
			above[i] = math.Inf(1)
		}
		side[i] = 0
		if v > mean && f.fault == "bad code" {
			side[i] = 2
		} else if v > mean {
			side[i] = 1
		} else if f.fault == "leaves holes" {
			continue
		}
		rank.Ints[i] = orders.Ints[i]
	}
	return nil
}

func shop(n int) *table.Table {
	t := table.Make(n, table.Field{Name: "customer_id", Kind: table.Text},
		table.Field{Name: "orders", Kind: table.Int}, table.Field{Name: "spend", Kind: table.Float})
	id := t.Column("customer_id")
	id.Texts = table.Strings{}
	for i := range n {
		id.Texts.AppendString(string(rune('a' + i%26)))
		t.Ints("orders")[i] = int64(i%7 + 1)
		t.Floats("spend")[i] = float64(i*i%101) / 4 // quarters: sums are exact in any order
	}
	return t
}

func TestAModelThatKeepsEveryPromise(t *testing.T) {
	Run(t, &centre{}, shop(300))
}

// Each fault must be found by the promise that it breaks: these are the tests
// of the tests.
func TestBrokenPromisesAreFound(t *testing.T) {
	for fault, promised := range map[string]Promise{
		"undocumented": Described, "bad report": Described, "leaves holes": Columns, "infinite": Valid, "bad code": Valid,
		"writes input": Untouched, "keeps rows": Untouched, "counts calls": Concurrent, "moves": Refit, "refuses": Tiny, "chunk mean": Chunks, "order": Permuted,
		"forgets": SavesJSON, "loads anything": SavesJSON, "zero for missing": Missing, "counts missing": Missing, "panics": WrongTable,
	} {
		t.Run(fault, func(t *testing.T) {
			for _, p := range promises() {
				if p.name != promised {
					continue
				}
				if err := p.check(t.Context(), &centre{fault: fault}, shop(300)); err == nil {
					t.Errorf("%s did not notice", promised)
				} else {
					t.Log(err)
				}
			}
		})
	}
}
