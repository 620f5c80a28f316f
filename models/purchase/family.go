// Package purchase is what all models of repeat buying share: the histories of
// a base, grouped; the contract between a family of models and its users; the
// estimator around it, with its boundaries, fallbacks and standard errors;
// static covariates; the weekly tracking of a base. A family (Pareto/NBD,
// BG/NBD ...) brings its likelihood and its forecasts and nothing else.
//
// Histories and forecasts are in whole days, parameters in weeks.
package purchase

// Week is what one day is in the unit of the parameters.
const Week = 1.0 / 7

// History is what the models know of one customer, in days from the first
// purchase: X repeat purchase days, the last of them at Tx, seen for T.
// X >= 0, 0 <= Tx <= T, Tx is zero exactly when X is, and X <= Tx.
type History struct{ X, Tx, T int }

// Family is one model of repeat buying with its parameters open. A Family is a
// small value without state and safe for concurrent use.
//
// Parameters are slices in natural units (weeks), in the order of Names: first
// the two of buying (a shape and its rate: r, alpha), then, where the family
// knows churn, the two of churn (s, beta; a, b). All are above zero, and the
// search goes over their logs.
type Family interface {
	// Name is short and stable: pareto_nbd, bg_nbd, mbg_cnbd_3 ...
	Name() string
	// Title is how papers write it: Pareto/NBD.
	Title() string
	// Names of the parameters under the symbols of the paper.
	Names() []string
	// Box returns the least and the greatest value of each parameter: far
	// beyond what data can tell apart. A maximum at one of them is a limit of
	// the model, not an estimate.
	Box() (lowest, highest []float64)
	// WithoutChurn is the family of two parameters that this one becomes when
	// nobody is ever lost; its likelihoods are comparable with this one's. Nil
	// for a family that knows no churn.
	WithoutChurn() Family
	// Starts returns points to search from. without is the optimum of
	// WithoutChurn, nil for a family that knows no churn.
	Starts(h *Histories, without []float64) [][]float64
	// LogLikelihood returns the log-likelihood of all of h at p, each history
	// times its count. It writes the exact derivatives by p to gradient and the
	// exact second derivatives, all of the matrix row by row, to hessian, each
	// unless it is nil: without a hessian it is quicker. Constants without p that a
	// comparison of families needs are in it; the x! that no family has is not. The
	// result is the same to the last bit on any number of workers (stat.SumTo over
	// h.Units). Histories may be few: then nothing is spent on tables by day.
	LogLikelihood(h *Histories, p, gradient, hessian []float64, workers int) float64
	// Effects says how static covariates act: with z of a customer and γ their
	// coefficients, parameter j of the customer is p[j] exp(buying[j] γ_trans'z_trans
	// + churn[j] γ_life'z_life). Pareto/NBD: -1 at alpha and -1 at beta. Nil:
	// covariates of that kind do not apply.
	Effects() (buying, churn []float64)
	// At fixes the parameters. Every p inside the Box is a valid point.
	At(p []float64, s Settings) Law
}

// Varied is a Family whose number of purchases to a renewal, or the like, is
// chosen by the data: Model fits every variant and keeps the one of greatest
// likelihood (the first of equal ones).
type Varied interface {
	Family
	// Variants returns the families to choose from, the simplest first: that one
	// alone where h.LogGaps is NaN and the others cannot be compared with it. h is
	// nil when the names are all that is asked (Load): then it returns every
	// variant there may be.
	Variants(h *Histories) []Family
}

// Settings are what Law.Score forecasts. Its zero value is for a Law that
// never calls Score.
type Settings struct {
	Horizon int     // days ahead for Expected and Discounted
	Rate    float64 // continuous discount a week; zero: none
	Window  int     // days ahead for Silent
	Longest int     // histories with T up to so many days are many: tables by day pay. Zero: none does, every customer is computed by the formulas
	Near    bool    // nobody will ask for Scores.Next: tables need not reach beyond the window
}

// Forever as a number of days is a horizon without end.
const Forever = -1

// Law is a Family at one point of its parameters: everything that can be said
// of one customer. It is safe for concurrent use, finite for every History
// (one that bought once today, one with a thousand purchases), and allocates
// nothing per call once its tables are there. Days ahead count from T; they
// are 0 or more, up to 1<<20, or Forever where that is said.
type Law interface {
	// LogLikelihood of one history.
	LogLikelihood(h History) float64
	// PAlive is the probability that the customer is not lost for good at T.
	// It is 1 for a family without churn.
	PAlive(h History) float64
	// ExpectedTo writes to dst[i] the purchases expected in (T, T+days[i]]
	// (conditional expected transactions), for all horizons in one pass.
	// Lengths are equal.
	ExpectedTo(dst []float64, h History, days []int)
	// Discounted is the number of purchases expected in (T, T+days], each worth
	// e^(-rate (its time - T)): discounted expected residual transactions.
	// rate is continuous, a week, 0 or more. Days may be Forever; the result is
	// +Inf where that number has no bound.
	Discounted(h History, days int, rate float64) float64
	// NoPurchase is the probability of no purchase in (T, T+days], lost or not.
	NoPurchase(h History, days int) float64
	// PurchasesTo writes the probability of exactly n purchases in (T, T+days]
	// to dst[n], for all n below len(dst), and returns that of more.
	PurchasesTo(dst []float64, h History, days int) (rest float64)
	// NewCustomer is the number of repeat purchases expected from a customer in
	// the first so many days after the first purchase.
	NewCustomer(days int) float64
	// Score is all that Model writes of one customer, with the Settings of At,
	// in one pass.
	Score(h History) Scores
	// Quick is P(alive) and the orders expected within the horizon of At alone.
	Quick(h History) (alive, expected float64)
}

// Living is a Law by which what customers who are not lost will buy depends on
// their number of purchases and their T alone, not on T_x: many customers share it.
type Living interface {
	Law
	// LivingTo is PurchasesTo, given that the customer is not lost at T, and
	// reports whether the law is such a one at its parameters: if not, it writes
	// nothing.
	LivingTo(dst []float64, h History, days int) (rest float64, ok bool)
}

// Scores are one customer's.
type Scores struct {
	Alive      float64 // probability of not being lost; 1 where the family knows no churn
	Expected   float64 // purchases within the horizon
	Discounted float64 // the same, discounted
	Silent     float64 // probability of no purchase within the window
	Next       int     // first day ahead by which a purchase is at least as probable as none; zero: none within Farthest
}

// Farthest is the last day ahead that Scores.Next may name.
const Farthest = 3650

// NextOrder returns the first day d, 1 to Farthest, with silent(d), the
// probability of no purchase up to d, not above one half; zero where there is
// none. silent must not rise with d.
func NextOrder(silent func(days int) float64) int {
	if silent(Farthest) > 0.5 {
		return 0
	}
	return FirstDay(Farthest, silent)
}

// FirstDay returns the first day d, 1 to by, with silent(d) not above one half,
// given that silent(by) is not. silent must not rise with d.
func FirstDay(by int, silent func(days int) float64) int {
	low, high := 0, by // an even chance by high, not by low
	for high-low > 1 {
		if middle := (low + high) / 2; silent(middle) <= 0.5 {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// FirstDayNear is FirstDay where the day is hardly before another one, and likely not
// long after: it asks for fewer days.
func FirstDayNear(near, by int, silent func(days int) float64) int {
	low, high := min(max(near-2, 0), by-1), by
	above := silent(low) - 0.5
	if !(above > 0) {
		return FirstDay(max(low, 1), silent)
	}
	var below float64
	for step := 2 + low/8; ; step *= 4 {
		high = min(low+step, by)
		if below = silent(high) - 0.5; below <= 0 {
			break
		}
		low, above = high, below
	}
	for side := 0; high-low > 1; { // false position (Illinois), to whole days
		at := min(max(low+int(float64(high-low)*above/(above-below)), low+1), high-1)
		if v := silent(at) - 0.5; v <= 0 {
			if high, below = at, v; side < 0 {
				above /= 2
			}
			side = -1
		} else {
			if low, above = at, v; side > 0 {
				below /= 2
			}
			side = 1
		}
	}
	return high
}
