package purchase

import (
	"math"

	"clientele/models/stat"
)

// NBD is the family without churn: everybody buys at a rate of their own, drawn
// from Gamma(r, alpha), for ever (Ehrenberg 1959). It is what Pareto/NBD, BG/NBD
// and MBG/NBD become when nobody is lost.
type NBD struct{}

// MethodNBD is NBD's name, and the method of a fit in which no churn is identifiable.
const MethodNBD = "nbd"

// Name implements Family.
func (NBD) Name() string { return MethodNBD }

// Title implements Family.
func (NBD) Title() string { return "NBD" }

// Names implements Family.
func (NBD) Names() []string { return []string{"r", "alpha"} }

// Box implements Family.
func (NBD) Box() (lowest, highest []float64) { return []float64{1e-4, 1e-4}, []float64{1e4, 1e6} }

// WithoutChurn implements Family: NBD knows no churn.
func (NBD) WithoutChurn() Family { return nil }

// Effects implements Family.
func (NBD) Effects() (buying, churn []float64) { return []float64{0, -1}, nil }

// Starts implements Family.
func (NBD) Starts(h *Histories, _ []float64) [][]float64 {
	rate := h.Purchases / h.Exposure
	return [][]float64{{1, 1 / rate}, {0.3, 0.3 / rate}}
}

// LogLikelihood implements Family: Γ(r+x)/Γ(r) α^r (α+T)^-(r+x) of each customer.
func (NBD) LogLikelihood(h *Histories, p, gradient, hessian []float64, workers int) float64 {
	r, alpha := p[0], p[1]
	n := h.MostX() + 1
	rising, slope, curve := make([]float64, n), make([]float64, n), make([]float64, n)
	stat.LogRisingTo(rising, r)
	stat.DigammaRisingTo(slope, r)
	stat.TrigammaRisingTo(curve, r)
	logAlpha := math.Log(alpha)
	log := logOfDay(h, alpha)
	var sums [6]float64 // the value, by r, by α, by r twice, by both, by α twice
	stat.SumTo(sums[:], workers, len(h.Units), func(k int, dst []float64) {
		u := h.Units[k]
		x := h.X[u.From]
		rx := r + float64(x)
		for i := u.From; i < u.To; i++ {
			w, per := h.Count[i], 1/(alpha+float64(h.T[i])*Week)
			la := log(h.T[i])
			dst[0] += w * (rising[x] + r*logAlpha - rx*la)
			dst[1] += w * (slope[x] + logAlpha - la)
			dst[2] += w * (r/alpha - rx*per)
			dst[3] += w * curve[x]
			dst[4] += w * (1/alpha - per)
			dst[5] += w * (rx*per*per - r/(alpha*alpha))
		}
	})
	copy(gradient, sums[1:3])
	if hessian != nil {
		stat.SymmetricTo(hessian, sums[3:])
	}
	return sums[0]
}

// logOfDay returns ln(alpha + d weeks) as a function of the day d: from a table
// where the histories are more than the days.
func logOfDay(h *Histories, alpha float64) func(d int32) float64 {
	longest := h.Longest()
	if h.Len() < longest {
		return func(d int32) float64 { return math.Log(alpha + float64(d)*Week) }
	}
	table := make([]float64, longest+1)
	for d := range table {
		table[d] = math.Log(alpha + float64(d)*Week)
	}
	return func(d int32) float64 { return table[d] }
}

// At implements Family.
func (NBD) At(p []float64, s Settings) Law {
	return &nbdLaw{r: p[0], alpha: p[1], s: s,
		horizon: float64(s.Horizon) * Week, worth: stat.Growth(-s.Rate, float64(s.Horizon)*Week), window: float64(s.Window) * Week}
}

type nbdLaw struct {
	r, alpha float64
	s        Settings
	horizon  float64 // weeks
	worth    float64 // weeks of the horizon, discounted
	window   float64 // weeks
}

// rate is the mean purchase rate, a week, given the history.
func (l *nbdLaw) rate(h History) float64 {
	return (l.r + float64(h.X)) / (l.alpha + float64(h.T)*Week)
}

func (l *nbdLaw) LogLikelihood(h History) float64 {
	x, t := float64(h.X), float64(h.T)*Week
	rising, _ := math.Lgamma(l.r + x)
	base, _ := math.Lgamma(l.r)
	return rising - base - l.r*math.Log1p(t/l.alpha) - x*math.Log(l.alpha+t)
}

func (l *nbdLaw) PAlive(History) float64 { return 1 }

func (l *nbdLaw) ExpectedTo(dst []float64, h History, days []int) {
	rate := l.rate(h)
	for i := range dst {
		dst[i] = rate * float64(days[i]) * Week
	}
}

func (l *nbdLaw) Discounted(h History, days int, rate float64) float64 {
	if days == Forever {
		return l.rate(h) / rate // +Inf without discount
	}
	return l.rate(h) * stat.Growth(-rate, float64(days)*Week)
}

func (l *nbdLaw) NoPurchase(h History, days int) float64 {
	return l.silent(h, float64(days)*Week)
}

// silent is the chance to buy nothing for so many weeks.
func (l *nbdLaw) silent(h History, weeks float64) float64 {
	return math.Exp(-(l.r + float64(h.X)) * math.Log1p(weeks/(l.alpha+float64(h.T)*Week)))
}

func (l *nbdLaw) PurchasesTo(dst []float64, h History, days int) float64 {
	return NegativeBinomialTo(dst, l.r+float64(h.X), l.alpha+float64(h.T)*Week, float64(days)*Week)
}

// LivingTo implements Living.
func (l *nbdLaw) LivingTo(dst []float64, h History, days int) (rest float64, ok bool) {
	return l.PurchasesTo(dst, h, days), true
}

func (l *nbdLaw) NewCustomer(days int) float64 { return l.r / l.alpha * float64(days) * Week }

func (l *nbdLaw) Score(h History) Scores {
	rate := l.rate(h)
	return Scores{
		Alive: 1, Expected: rate * l.horizon, Discounted: rate * l.worth, Silent: l.silent(h, l.window),
		Next: NextOrder(func(days int) float64 { return l.silent(h, float64(days)*Week) }),
	}
}

func (l *nbdLaw) Quick(h History) (alive, expected float64) { return 1, l.rate(h) * l.horizon }

// NegativeBinomialTo writes the probability of n purchases in a time span to
// dst[n], for all n below len(dst), where the rate is Gamma(shape, rate), and
// returns that of more. Times and rate are of one unit; span is 0 or more.
func NegativeBinomialTo(dst []float64, shape, rate, span float64) (rest float64) {
	l := -shape * math.Log1p(span/rate)
	q := math.Log(span / (rate + span))
	rest = 1
	for n := range dst {
		dst[n] = math.Exp(l)
		rest -= dst[n]
		l += q + math.Log((shape+float64(n))/float64(n+1))
	}
	return max(0, rest)
}
