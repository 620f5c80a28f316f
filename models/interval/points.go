package interval

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"

	"clientele/models/gammagamma"
	"clientele/models/purchase"
)

var gauss6 = gauss(6)

// rule is Gauss's quadrature on [0, 1].
type rule struct{ at, weight []float64 }

func gauss(n int) rule {
	r := rule{at: make([]float64, n), weight: make([]float64, n)}
	quad.Legendre{}.FixedLocations(r.at, r.weight, 0, 1)
	return r
}

// point is one set of parameters that the data allow.
type point struct {
	orders int // number of the purchase parameters among Forecaster.estimates
	spend  gammagamma.Params
}

// points lays out what the data allow: the normal distribution of the
// parameters' logs in d dimensions is replaced by 2d equally likely points, a
// root of d standard deviations away along each axis of its Cholesky factor.
// That keeps mean and covariance and integrates polynomials of the third
// degree exactly (Arasaratnam & Haykin 2009, the cubature rule); 14 points for
// both models where 32 random draws would still be noise. Both models are
// fitted apart, so their parameters are independent.
//
// q of Gamma-Gamma goes by ln(q-1): below 1 there is no mean, so no draw is there.
func (f *Forecaster) points() {
	purchases := lower(f.orders.Covariance())
	var spend *mat.TriDense
	if f.hasSpend {
		spend = lower(f.spendCovariance())
	}
	d := size(purchases) + size(spend)
	far := math.Sqrt(float64(d))
	for j := range size(purchases) {
		for _, side := range []float64{far, -far} {
			f.estimates = append(f.estimates, f.moved(purchases, j, side))
			f.around = append(f.around, point{len(f.estimates) - 1, f.spend})
		}
	}
	for j := range size(spend) {
		reach := far
		if widest := max(math.Abs(spend.At(0, j)), math.Abs(spend.At(1, j)), math.Abs(spend.At(2, j))); widest*reach > farthest {
			reach = farthest / widest
		}
		for _, side := range []float64{reach, -reach} {
			p := f.spend
			p.P *= math.Exp(side * spend.At(0, j))
			p.Q = 1 + (p.Q-1)*math.Exp(side*spend.At(1, j))
			p.V *= math.Exp(side * spend.At(2, j))
			f.around = append(f.around, point{0, p})
		}
	}
}

// farthest is how far a point of spend may lie from the estimates along an axis, in
// logs: a factor of 20. Where customers spend alike, p, q and v can grow together
// without end and the same mean; points further along that way have no mean at all.
const farthest = 3

func lower(c *mat.SymDense) *mat.TriDense {
	var chol mat.Cholesky
	if c == nil || !chol.Factorize(c) {
		return nil
	}
	var l mat.TriDense
	chol.LTo(&l)
	return &l
}

func size(l *mat.TriDense) int {
	if l == nil {
		return 0
	}
	n, _ := l.Dims()
	return n
}

// spendCovariance is that of ln p, ln(q-1) and ln v.
func (f *Forecaster) spendCovariance() *mat.SymDense {
	s := mat.NewSymDense(3, nil)
	slope := [3]float64{1, f.spend.Q / (f.spend.Q - 1), 1}
	for i := range 3 {
		for j := i; j < 3; j++ {
			s.SetSym(i, j, f.covariance[i][j]*slope[i]*slope[j])
		}
	}
	return s
}

// moved returns the purchase estimates, far steps along axis j of l away.
func (f *Forecaster) moved(l *mat.TriDense, j int, far float64) []float64 {
	family := f.orders.Family()
	low, high := family.Box()
	p := f.orders.Params()
	for i := range p {
		step := far * l.At(i, j)
		if i >= len(low) { // a coefficient of a covariate
			p[i] += step
			continue
		}
		p[i] = min(max(p[i]*math.Exp(step), low[i]), high[i])
	}
	return p
}

// negligible is the share of a customer's variance up to which what the data
// leave open about the parameters is left out of the customer's interval: one
// per cent of variance is half a per cent of its width.
const negligible = 0.01

// matters reports whether the points around the estimates make customers'
// intervals wider by more than that, judged by customers of all kinds. In a
// base of some ten thousands they do not, and an interval takes a tenth of the time.
func (f *Forecaster) matters() bool {
	if len(f.around) == 0 {
		return false
	}
	laws := f.lawsAt(make([]float64, f.covariates()))
	s := newScratch()
	for _, age := range []int{60, 365, 1095} {
		for _, x := range []int{0, 1, 3, 10, 30} {
			for _, tx := range []int{age / 3, age} {
				h := purchase.History{X: x, Tx: tx, T: age}
				switch {
				case x == 0 && tx < age:
					h.Tx = 0
				case x == 0 || x > tx:
					continue
				}
				if f.uncertainty(laws, h) > negligible*s.relativeVariance(f, laws[0], h) {
					return true
				}
			}
		}
	}
	return false
}

// uncertainty is the variance over the points of what the customer is expected
// to bring, over the square of its mean.
func (f *Forecaster) uncertainty(laws []purchase.Law, h purchase.History) float64 {
	days, value := []int{f.settings.Horizon}, make([]float64, len(laws))
	for k, law := range laws {
		law.ExpectedTo(value[k:k+1], h, days)
	}
	var sum, squares float64
	for _, p := range f.around {
		v := value[p.orders]
		if f.hasSpend {
			v *= p.spend.MeanSpend()
		}
		sum += v
		squares += v * v
	}
	n := float64(len(f.around))
	mean := sum / n
	return max(0, squares/n/(mean*mean)-1)
}
