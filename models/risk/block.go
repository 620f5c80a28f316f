package risk

import (
	"math"

	"clientele/engine/table"
	"clientele/models/evaluate"
	"clientele/models/stat"
)

// atOnce is how many customers a block has at most: few enough that all of their columns
// stay near the processor. A block is made once for every rowsAtOnce or manyAtOnce of them;
// the latter where nothing is summed.
const (
	atOnce     = 256
	manyAtOnce = 8192
)

// block is some customers side by side, so that a feature is worked out for all of them
// before the next one: the columns as numbers, NaN where missing or absent.
type block struct {
	from *reader
	n    int
	ok   []bool // who has a purchase: of others nothing holds
	days, orders, span, tenure, recency, longest, squares,
	sales, refunds, model []float64
	recent              [4][]float64 // orders in 30, 60, 90 and 365 days
	contacts, responses [3][]float64 // in 30, 90 and 365 days
	gap                 []float64    // the customer's own gap, shrunk to that of all
	columns             []filled
	raw                 []float64 // a feature before its scale
}

// filled is a column that is there, and where its numbers go.
type filled struct {
	column *table.Column
	to     []float64
}

// newBlock makes room for customers of a reader.
func newBlock(r *reader) *block {
	b := &block{from: r, ok: make([]bool, atOnce), gap: make([]float64, atOnce), raw: make([]float64, atOnce)}
	b.days, b.orders, b.span, b.tenure = b.room(r.days), b.room(r.orders), b.room(r.span), b.room(r.tenure)
	b.recency, b.longest, b.squares = b.room(r.recency), b.room(r.longest), b.room(r.squares)
	b.sales, b.refunds, b.model = b.room(r.sales), b.room(r.refunds), b.room(r.model)
	for k, c := range r.recent {
		b.recent[k] = b.room(c)
	}
	for k := range r.contacts {
		b.contacts[k], b.responses[k] = b.room(r.contacts[k]), b.room(r.responses[k])
	}
	return b
}

// room is where the numbers of a column go; of one that is absent they are there already.
func (b *block) room(c *table.Column) []float64 {
	to := make([]float64, atOnce)
	if c != nil {
		b.columns = append(b.columns, filled{c, to})
		return to
	}
	for i := range to {
		to[i] = math.NaN()
	}
	return to
}

// read takes the customers of rows from and up to to, at most atOnce.
func (b *block) read(from, to int) {
	b.n = to - from
	for _, f := range b.columns {
		dst, c := f.to[:b.n], f.column
		switch {
		case c.Kind == table.Float:
			copy(dst, c.Floats[from:to])
		case c.Shorts != nil:
			for i, v := range c.Shorts[from:to] {
				dst[i] = float64(v)
			}
		default:
			for i, v := range c.Ints[from:to] {
				dst[i] = float64(v)
			}
		}
		if c.Kind != table.Float && c.Null != nil {
			for i, missing := range c.Null[from:to] {
				if missing {
					dst[i] = math.NaN()
				}
			}
		}
	}
	b.derive()
}

// take takes the customers of some rows, at most atOnce.
func (b *block) take(rows []int32) {
	b.n = len(rows)
	for _, f := range b.columns {
		for i, row := range rows {
			f.to[i] = valueOf(f.column, int(row))
		}
	}
	b.derive()
}

// derive works out who has a purchase, and the own gaps.
func (b *block) derive() {
	for i := range b.n {
		b.ok[i] = b.days[i] >= 1 && b.span[i] >= 0 && b.tenure[i] >= 0 && b.recency[i] >= 0
		b.gap[i] = (b.span[i] + b.from.gap) / b.days[i]
	}
}

// featureTo writes a feature as it goes into the model, before it is standardised.
func (b *block) featureTo(dst []float64, f *Feature) {
	raw := b.raw[:b.n]
	f.value(raw, b)
	f.scale.to(dst, raw)
}

// standardTo writes term j of a design: NaN, which a feature has that a customer has not,
// becomes the mean.
func (b *block) standardTo(dst []float64, d *Design, j int) {
	b.featureTo(dst, &d.features[j])
	mean, sd := d.Terms[j].Mean, d.Terms[j].SD
	for i, v := range dst {
		if v = (v - mean) / sd; v != v {
			v = 0
		}
		dst[i] = v
	}
}

// hide makes dst NaN for those without a purchase.
func (b *block) hide(dst []float64) {
	for i, ok := range b.ok[:b.n] {
		if !ok {
			dst[i] = math.NaN()
		}
	}
}

// to writes how values go into the model. dst is not src.
func (s scale) to(dst, src []float64) {
	switch s {
	case plain:
		copy(dst, src)
	case logOdds:
		for i, v := range src {
			p := min(max(v, 1e-6), 1-1e-6)
			dst[i] = p / (1 - p)
		}
		stat.LogTo(dst, dst)
	default:
		stat.Log1pTo(dst, src)
		for i, v := range src {
			if v < 0 {
				dst[i] = -stat.Log1p(-v)
			}
		}
	}
}

// inBlocks calls f for the rows from and up to to, block by block.
func (b *block) inBlocks(from, to int, f func(begin, end int)) {
	for ; from < to; from += atOnce {
		end := min(from+atOnce, to)
		b.read(from, end)
		f(from, end)
	}
}

// eachBlock calls f for all rows, block by block, on all workers; a block has room of its
// own for the terms of a design.
func eachBlock(r *reader, rows, workers, terms int, f func(b *block, room [][]float64, begin, end int)) {
	stat.Each(workers, (rows+manyAtOnce-1)/manyAtOnce, func(c int) {
		b, room := newBlock(r), make([][]float64, terms)
		for j := range room {
			room[j] = make([]float64, atOnce)
		}
		b.inBlocks(c*manyAtOnce, min((c+1)*manyAtOnce, rows), func(begin, end int) { f(b, room, begin, end) })
	})
}

// marginTo writes a model's log odds, before any shift or calibration.
func (s *Score) marginTo(dst []float64, b *block, room [][]float64) {
	if s.Method == BoostedTrees {
		s.termsTo(room, b)
		values := make([]float64, len(room))
		for i := range dst {
			for j := range values {
				values[j] = room[j][i]
			}
			dst[i] = s.Trees.marginOf(values)
		}
		return
	}
	for i := range dst {
		dst[i] = s.Logit.Intercept
	}
	term := room[0][:b.n]
	for j, coefficient := range s.Logit.Coefficients {
		b.standardTo(term, s.Design, j)
		for i, v := range term {
			dst[i] += coefficient * v
		}
	}
}

// termsTo writes all terms of the design.
func (s *Score) termsTo(dst [][]float64, b *block) {
	for j := range dst {
		b.standardTo(dst[j][:b.n], s.Design, j)
	}
}

// frequencyOf sorts by purchase days, then by the last of them.
func frequencyOf(days, tenure, recency float64) float64 {
	x, tx, t := [1]float64{days - 1}, [1]float64{tenure - recency}, [1]float64{tenure}
	var dst [1]float64
	evaluate.FrequencyRecencyTo(dst[:], x[:], tx[:], t[:])
	return dst[0]
}
