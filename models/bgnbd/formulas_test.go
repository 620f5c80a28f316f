package bgnbd

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Estimates on cdnow_sample of reference/clv.md.
var (
	sampleBG  = Params{R: .242595, Alpha: 4.413602, A: .792922, B: 2.425907}
	sampleMBG = Params{R: .524843, Alpha: 6.183085, A: .891359, B: 1.614003, Clock: Clock{Modified: true}}
)

func close(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s: %.12g, want %.12g (relative %.1g)", what, got, want, math.Abs(got/want-1))
	}
}

// one calls a function over slices for one customer.
func one(f func(dst, x, tx, t []float64), x, tx, t float64) float64 {
	dst := []float64{math.NaN()}
	f(dst, []float64{x}, []float64{tx}, []float64{t})
	return dst[0]
}

func expected(p Params, h, x, tx, t float64) float64 {
	return one(func(dst, x, tx, t []float64) { ExpectedOrdersTo(dst, p, h, x, tx, t) }, x, tx, t)
}

func discounted(p Params, h, rate, x, tx, t float64) float64 {
	return one(func(dst, x, tx, t []float64) { DiscountedOrdersTo(dst, p, h, rate, x, tx, t) }, x, tx, t)
}

func noPurchase(p Params, h, x, tx, t float64) float64 {
	return one(func(dst, x, tx, t []float64) { NoPurchaseTo(dst, p, h, x, tx, t) }, x, tx, t)
}

func alive(p Params, x, tx, t float64) float64 {
	return one(func(dst, x, tx, t []float64) { PAliveTo(dst, p, x, tx, t) }, x, tx, t)
}

func likelihood(p Params, x, tx, t float64) float64 {
	return LogLikelihood(p, []float64{x}, []float64{tx}, []float64{t})
}

// The spot values of reference/clv.md, printed there to six decimals.
func TestSpotValues(t *testing.T) {
	for _, c := range []struct {
		id                         string
		x, tx, t                   float64 // days
		bg, bgAlive, mbg, mbgAlive float64
	}{
		{"1", 2, 213, 272, 1.225994, .726620, 1.262759, .706138},
		{"2", 1, 12, 272, .203419, .212391, .188945, .170951},
		{"6", 7, 206, 272, 3.337571, .641835, 3.167169, .622680},
		{"19", 3, 198, 271, 1.672623, .694640, 1.653484, .670931},
		{"1516", 26, 216, 217, 20.748903, .968854, 19.446608, .965485},
	} {
		x, tx, T := c.x, c.tx/7, c.t/7
		printed := func(what string, got, want float64) {
			t.Helper()
			// Half a unit of the last digit printed, or 1e-6 relative.
			if !(math.Abs(got-want) <= max(1e-6*want, 0.5000005e-6)) {
				t.Errorf("customer %s: %s %.8f, want %.6f", c.id, what, got, want)
			}
		}
		printed("BG CET", expected(sampleBG, 39, x, tx, T), c.bg)
		printed("BG P(alive)", alive(sampleBG, x, tx, T), c.bgAlive)
		printed("MBG CET", expected(sampleMBG, 39, x, tx, T), c.mbg)
		printed("MBG P(alive)", alive(sampleMBG, x, tx, T), c.mbgAlive)
	}
}

// Two customers at round parameters, one of them with 200 purchases, where the
// published form of BG/NBD overflows (reference/clv.md).
func TestHeavyBuyers(t *testing.T) {
	for _, c := range []struct {
		x, tx   float64
		bg, mbg float64
	}{{0, 0, -0.59947382, -0.41792826}, {200, 38, 100.79569, 100.78691}} {
		p := Params{R: .25, Alpha: 4, A: .8, B: 2.5}
		if got := likelihood(p, c.x, c.tx, 40); math.Abs(got-c.bg) > max(5e-9, 5e-8*math.Abs(c.bg)) {
			t.Errorf("BG (%v, %v): %.9f, want %.9f", c.x, c.tx, got, c.bg)
		}
		p.Modified = true
		if got := likelihood(p, c.x, c.tx, 40); math.Abs(got-c.mbg) > max(5e-9, 5e-8*math.Abs(c.mbg)) {
			t.Errorf("MBG (%v, %v): %.9f, want %.9f", c.x, c.tx, got, c.mbg)
		}
	}
}

// grid is one customer by brute force: purchase rates and loss probabilities on
// a grid, each with its likelihood of the history, which holds no formula of
// this package but the model itself.
type grid struct {
	p              Params
	rate           []float64
	loss, stay     []float64   // probabilities of being lost after a purchase, and of not
	alive          [][]float64 // density times likelihood of the history and not being lost, at [rate][loss]
	total, current float64     // likelihood; of it, not lost
	ticked         [][]float64 // by rate: chance of j ticks in (tx, t], given fewer than K
}

func newGrid(p Params, x, tx, t float64) *grid {
	g := &grid{p: p}
	k := max(p.K, 1)
	n := x
	if p.Modified {
		n++
	}
	lg := func(v float64) float64 { l, _ := math.Lgamma(v); return l }
	logGamma := p.R*math.Log(p.Alpha) - lg(p.R)
	logBeta := lg(p.A+p.B) - lg(p.A) - lg(p.B)
	const step = 0.15
	mode := math.Log((p.R + float64(k)*x) / (p.Alpha + t))
	var lossWeights []float64
	for y := -45.0; y <= 45; y += step {
		g.loss, g.stay = append(g.loss, 1/(1+math.Exp(-y))), append(g.stay, 1/(1+math.Exp(y)))
		lossWeights = append(lossWeights, step*math.Exp(logBeta-p.A*math.Log1p(math.Exp(-y))-p.B*math.Log1p(math.Exp(y))))
	}
	fine := min(step, 0.3/math.Sqrt(p.R+float64(k)*x))
	for y := mode - 40/p.R; y <= math.Log((p.R+float64(k)*x+120)/(p.Alpha+tx)); y += fine {
		rate := math.Exp(y)
		weight := fine * math.Exp(logGamma+p.R*y-p.Alpha*rate+float64(k)*x*y-rate*tx)
		var ticked []float64
		silent, term := 0.0, math.Exp(-rate*(t-tx))
		for j := range k {
			ticked = append(ticked, term)
			silent += term
			term *= rate * (t - tx) / float64(j+1)
		}
		for j := range ticked {
			ticked[j] /= silent
		}
		g.rate, g.ticked = append(g.rate, rate), append(g.ticked, ticked)
		row := make([]float64, len(g.loss))
		for i, loss := range g.loss {
			row[i] = weight * lossWeights[i] * math.Pow(g.stay[i], n) * silent
			g.current += row[i]
			g.total += row[i]
			if n > 0 {
				g.total += weight * lossWeights[i] * math.Pow(g.stay[i], n-1) * loss
			}
		}
		g.alive = append(g.alive, row)
	}
	return g
}

// mean is the mean over the customer's state of f(rate, loss, ticks), zero where lost.
func (g *grid) mean(f func(rate, loss float64, ticked int) float64) float64 {
	var sum float64
	for i, rate := range g.rate {
		for k, loss := range g.loss {
			if g.alive[i][k] < 1e-16*g.current {
				continue
			}
			for j, w := range g.ticked[i] {
				sum += g.alive[i][k] * w * f(rate, loss, j)
			}
		}
	}
	return sum / g.total
}

// purchases calls f with the probability of n purchases in h weeks for every n that matters.
func (g *grid) purchases(rate, loss float64, ticked int, h float64, f func(n int, p float64)) {
	k := max(g.p.K, 1)
	// By ticks of the clock, one at a time.
	more, term, n, stayed := 1.0, math.Exp(-rate*h), 0, 1.0
	for tick := 0; ; tick++ {
		// term: exactly so many ticks; more: as many or more.
		if tick > 0 && (tick+ticked)%k == 0 {
			n++
			f(n, stayed*loss*more) // made, and lost after it
			stayed *= 1 - loss
		}
		f(n, stayed*term)
		more -= term
		if float64(tick) > rate*h && (term < 1e-18 || stayed < 1e-15) {
			return
		}
		term *= rate * h / float64(tick+1)
	}
}

var brute = []Params{
	sampleBG, sampleMBG,
	{R: 1.2, Alpha: 5, A: 1, B: 3, Clock: Clock{K: 1}},
	{R: 2.5, Alpha: 12, A: 1.4, B: .6, Clock: Clock{Modified: true}}, // q below zero in series
	{R: .7, Alpha: 3, A: .7, B: 2.2, Clock: Clock{K: 2}},
	{R: 1.1, Alpha: 2, A: .6, B: 1.2, Clock: Clock{K: 3, Modified: true}},
}

var histories = []struct{ x, tx, t float64 }{{0, 0, 0}, {0, 0, 38}, {1, 3, 20}, {2, 30.4, 38.9}, {7, 29, 39}, {12, 20, 60}}

// Everything that is said of a customer, against brute force.
func TestAgainstBruteForce(t *testing.T) {
	for _, p := range brute {
		for _, c := range histories {
			if testing.Short() && c.x > 2 {
				continue
			}
			what := func(s string) string { return fmt.Sprintf("%+v %+v: %s", p, c, s) }
			g := newGrid(p, c.x, c.tx, c.t)
			close(t, what("likelihood"), math.Exp(likelihood(p, c.x, c.tx, c.t)), g.total, 1e-10)
			close(t, what("P(alive)"), alive(p, c.x, c.tx, c.t), g.current/g.total, 1e-10)
			const h, rate = 26, .0018
			pmf := make([]float64, 5)
			rest := PurchasesTo(pmf, p, h, c.x, c.tx, c.t)
			var orders, more float64
			acc := make([]float64, len(pmf))
			for i, lambda := range g.rate {
				for k, loss := range g.loss {
					if g.alive[i][k] < 1e-16*g.current {
						continue
					}
					for j, w := range g.ticked[i] {
						w *= g.alive[i][k] / g.total
						g.purchases(lambda, loss, j, h, func(n int, p float64) {
							orders += w * p * float64(n)
							if n < len(acc) {
								acc[n] += w * p
							} else {
								more += w * p
							}
						})
					}
				}
			}
			acc[0] += 1 - g.current/g.total
			for n := range pmf {
				close(t, what(fmt.Sprint("P of ", n)), pmf[n], acc[n], 1e-9)
			}
			close(t, what("P of more"), rest, more, 1e-9)
			close(t, what("orders"), expected(p, h, c.x, c.tx, c.t), orders, 1e-9)
			close(t, what("silence"), noPurchase(p, h, c.x, c.tx, c.t), acc[0], 1e-10)
			k := float64(max(p.K, 1))
			dert := g.mean(func(lambda, loss float64, ticked int) float64 {
				f := lambda / (lambda + rate)
				return math.Pow(f, k-float64(ticked)) / (1 - (1-loss)*math.Pow(f, k))
			})
			close(t, what("DERT"), discounted(p, math.Inf(1), rate, c.x, c.tx, c.t), dert, 1e-9)
			if k == 1 {
				value := g.mean(func(lambda, loss float64, _ int) float64 {
					return -lambda * math.Expm1(-(rate+lambda*loss)*h) / (rate + lambda*loss)
				})
				close(t, what("discounted"), discounted(p, h, rate, c.x, c.tx, c.t), value, 1e-9)
			}
		}
	}
}

func anyParams() *rapid.Generator[Params] {
	return rapid.Custom(func(t *rapid.T) Params {
		log := func(low, high float64, name string) float64 {
			return math.Exp(rapid.Float64Range(math.Log(low), math.Log(high)).Draw(t, name))
		}
		p := Params{R: log(.01, 50, "r"), A: log(1e-5, 50, "a"), B: log(1e-4, 1e5, "b")}
		p.Modified = rapid.Bool().Draw(t, "modified")
		p.K = rapid.SampledFrom([]int{0, 0, 1, 2, 3, 7, 12}).Draw(t, "k")
		least := 1e-4
		if p.K > 1 { // sums over ticks, of which there are many
			least = .05
		}
		p.Alpha = log(least, 500, "alpha")
		return p
	})
}

// Every second tick of a clock that nobody leaves, in closed form: half of all ticks,
// less half the chance of an odd number. With a thousand purchases the first
// probability is e^-1000 and less, and its log lacks three digits: the sum may not.
func TestManyTicksKeepTheirDigits(t *testing.T) {
	for _, x := range []float64{0, 10, 300, 1000, 3000} {
		for _, h := range []float64{1, 40, 130, 1000} {
			p := Params{R: 4.5, Alpha: 6.5, Clock: Clock{K: 2}}
			c := p.customer(x, x/7, x/7)
			u := h / c.beta
			odd := -math.Expm1(-c.rho*math.Log1p(2*u)) / 2 // (1-z)/(1+z) = 1/(1+2u)
			if got, want := c.expectedAfter(0, h), (c.rho*u-odd)/2; math.Abs(got-want) > 2e-13*want {
				t.Errorf("x %v, h %v: %v, closed form %v", x, h, got, want)
			}
		}
	}
}
