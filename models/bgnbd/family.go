// Package bgnbd says how often customers will buy again and whether they are
// still customers, by models in which a customer may be lost after a purchase:
// BG/NBD (Fader, Hardie & Lee 2005), MBG/NBD (Batislam, Denizel & Filiztekin
// 2007; Hoppe & Wagner 2007), and both with regular purchases, BG/CNBD-k and
// MBG/CNBD-k (Platzer & Reutterer 2017). The formulas are exported functions
// over slices, in weeks; Family and Regular give them to models/purchase, whose
// Model fits and scores.
package bgnbd

import (
	"fmt"
	"math"

	"clientele/models/purchase"
	"clientele/models/stat"
)

// week is what one day is in the unit of the formulas.
const week = purchase.Week

// Family is one model as a purchase.Family: its zero value is BG/NBD. Covariates
// act as in CLVTools: a customer's alpha is alpha exp(-γ_trans'z), a and b are
// a exp(γ_life'z) and b exp(γ_life'z). So γ_trans above zero means more
// purchases. γ_life leaves the mean chance of being lost as it is and says how
// much customers of one z differ in it: the greater, the less.
type Family struct{ Clock }

// Regular is (M)BG/CNBD-k, a purchase.Varied: k, the regularity, is chosen among
// 1 to MostK by likelihood, with the gaps between purchases where they are known
// (GapConstant) and by (x, t_x, T) alone where not (SpanConstant). A Family
// with K has it fixed.
type Regular struct {
	// Modified is that of Clock.
	Modified bool
}

// Name implements purchase.Family: bg_nbd, mbg_nbd, bg_cnbd_2 ...
func (f Family) Name() string { return f.prefix("bg", "mbg") + f.suffix("_nbd", "_cnbd_") }

// Title implements purchase.Family.
func (f Family) Title() string { return f.prefix("BG", "MBG") + f.suffix("/NBD", "/CNBD-") }

func (c Clock) prefix(plain, modified string) string {
	if c.Modified {
		return modified
	}
	return plain
}

func (c Clock) suffix(plain, regular string) string {
	if c.ticks() == 1 {
		return plain
	}
	return fmt.Sprint(regular, c.K)
}

// Names implements purchase.Family.
func (Family) Names() []string { return []string{"r", "alpha", "a", "b"} }

// Box implements purchase.Family.
func (Family) Box() (lowest, highest []float64) {
	return []float64{1e-4, 1e-4, 1e-5, 1e-4}, []float64{1e4, 1e6, 1e4, 1e6}
}

// WithoutChurn implements purchase.Family.
func (f Family) WithoutChurn() purchase.Family {
	if f.ticks() == 1 {
		return purchase.NBD{}
	}
	return loyal{f.K}
}

// Effects implements purchase.Family: covariates of churn scale a, and with it a/b,
// the odds of being lost after a purchase. Fader & Hardie (2007, "Incorporating
// time-invariant covariates into the Pareto/NBD and BG/NBD models") also let b vary with
// coefficients of its own; CLVTools scales a and b alike, which leaves the mean chance of
// being lost where it was.
func (Family) Effects() (buying, churn []float64) {
	return []float64{0, -1, 0, 0}, []float64{0, 0, 1, 0}
}

// Starts implements purchase.Family.
func (Family) Starts(_ *purchase.Histories, without []float64) [][]float64 {
	r, alpha := without[0], without[1]
	return [][]float64{{r, alpha, 0.8, 2.5}, {r, alpha, 0.1, 2}, {r, alpha, 3, 6}}
}

// LogLikelihood implements purchase.Family.
func (f Family) LogLikelihood(h *purchase.Histories, p, gradient, hessian []float64, workers int) float64 {
	d := logLikelihood(h, f.params(p), hessian != nil, workers)
	copy(gradient, d[1:5])
	if hessian != nil {
		stat.SymmetricTo(hessian, d[rr:])
	}
	return d[0]
}

// At implements purchase.Family.
func (f Family) At(p []float64, s purchase.Settings) purchase.Law { return newLaw(f.params(p), s) }

func (f Family) params(p []float64) Params {
	return Params{R: p[0], Alpha: p[1], A: p[2], B: p[3], Clock: f.Clock}
}

// Values returns the parameters as purchase.Family has them.
func (p Params) Values() []float64 { return []float64{p.R, p.Alpha, p.A, p.B} }

// Name implements purchase.Family: bg_cnbd_k or mbg_cnbd_k.
func (r Regular) Name() string { return r.plain().prefix("bg", "mbg") + "_cnbd_k" }

// Title implements purchase.Family.
func (r Regular) Title() string { return r.plain().prefix("BG", "MBG") + "/CNBD-k" }

// Variants implements purchase.Varied: every k is comparable, whatever is known of gaps.
func (r Regular) Variants(*purchase.Histories) []purchase.Family {
	list := make([]purchase.Family, MostK)
	for k := range list {
		list[k] = Family{Clock{Modified: r.Modified, K: k + 1}}
	}
	return list
}

// plain is k = 1, of which a Regular has what does not depend on k.
func (r Regular) plain() Family { return Family{Clock{Modified: r.Modified}} }

// Names implements purchase.Family.
func (r Regular) Names() []string { return r.plain().Names() }

// Box implements purchase.Family.
func (r Regular) Box() (lowest, highest []float64) { return r.plain().Box() }

// WithoutChurn implements purchase.Family.
func (r Regular) WithoutChurn() purchase.Family { return r.plain().WithoutChurn() }

// Effects implements purchase.Family.
func (r Regular) Effects() (buying, churn []float64) { return r.plain().Effects() }

// Starts implements purchase.Family.
func (r Regular) Starts(h *purchase.Histories, without []float64) [][]float64 {
	return r.plain().Starts(h, without)
}

// LogLikelihood implements purchase.Family, for k = 1.
func (r Regular) LogLikelihood(h *purchase.Histories, p, gradient, hessian []float64, workers int) float64 {
	return r.plain().LogLikelihood(h, p, gradient, hessian, workers)
}

// At implements purchase.Family, for k = 1.
func (r Regular) At(p []float64, s purchase.Settings) purchase.Law { return r.plain().At(p, s) }

// loyal is CNBD-k: regular purchases of customers who are never lost.
type loyal struct{ k int }

func (l loyal) Name() string { return fmt.Sprint("cnbd_", l.k) }

func (l loyal) Title() string { return fmt.Sprint("CNBD-", l.k) }

func (loyal) Names() []string { return []string{"r", "alpha"} }

func (loyal) Box() (lowest, highest []float64) { return []float64{1e-4, 1e-4}, []float64{1e4, 1e6} }

func (loyal) WithoutChurn() purchase.Family { return nil }

func (loyal) Effects() (buying, churn []float64) { return []float64{0, -1}, nil }

func (l loyal) Starts(h *purchase.Histories, _ []float64) [][]float64 {
	rate := float64(l.k) * h.Purchases / h.Exposure
	return [][]float64{{1, 1 / rate}, {0.3, 0.3 / rate}}
}

func (l loyal) LogLikelihood(h *purchase.Histories, p, gradient, hessian []float64, workers int) float64 {
	d := logLikelihood(h, l.params(p), hessian != nil, workers)
	copy(gradient, d[1:3])
	if hessian != nil {
		stat.SymmetricTo(hessian, []float64{d[rr], d[rAlpha], d[alphaAlpha]})
	}
	return d[0]
}

func (l loyal) At(p []float64, s purchase.Settings) purchase.Law { return newLaw(l.params(p), s) }

func (l loyal) params(p []float64) Params { return Params{R: p[0], Alpha: p[1], Clock: Clock{K: l.k}} }

// constant makes likelihoods of different k comparable.
func constant(h *purchase.Histories, k int) float64 {
	if k == 1 {
		return 0
	}
	if !math.IsNaN(h.LogGaps) {
		return GapConstant(k, h.Purchases, h.LogGaps)
	}
	log := logOfSpan(h)
	var sum float64
	for _, u := range h.Units {
		if h.X[u.From] == 0 {
			continue
		}
		var customers, logs float64
		for i := u.From; i < u.To; i++ {
			customers += h.Count[i]
			logs += h.Count[i] * log(h.Tx[i])
		}
		x := float64(h.X[u.From])
		sum += customers*SpanConstant(k, x, 1) + float64(k-1)*x*logs
	}
	return sum
}

// logOfSpan returns the log of d days in weeks as a function of d, above zero:
// from a table where the histories are more than the days.
func logOfSpan(h *purchase.Histories) func(d int32) float64 {
	longest := h.Longest()
	if h.Len() < longest {
		return func(d int32) float64 { return math.Log(float64(d) * week) }
	}
	table := make([]float64, longest+1)
	for d := range table {
		table[d] = math.Log(float64(d) * week)
	}
	return func(d int32) float64 { return table[d] }
}
