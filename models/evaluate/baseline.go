package evaluate

// The plain rules that a model has to beat. Histories are those of the purchase
// models: x repeat purchase days, the last of them tx after the first, age T,
// all times in one unit.

// NaiveRateTo writes x/T*horizon: the own rate so far goes on. Zero where T is zero.
func NaiveRateTo(dst, x, t []float64, horizon float64) {
	same(len(dst), len(x))
	same(len(dst), len(t))
	for i := range dst {
		dst[i] = 0
		if t[i] > 0 {
			dst[i] = x[i] / t[i] * horizon
		}
	}
}

// RecencyTo writes tx - T, the time since the last purchase taken negative: the
// highest score has bought last. Negate it to rank those who will stay away.
func RecencyTo(dst, tx, t []float64) {
	same(len(dst), len(tx))
	same(len(dst), len(t))
	for i := range dst {
		dst[i] = tx[i] - t[i]
	}
}

// FrequencyRecencyTo writes scores that sort by x and, where it is equal, by the
// last purchase: the highest has bought most often, then last. x is whole, so
// x + 1/(1+T-tx) is such a score.
func FrequencyRecencyTo(dst, x, tx, t []float64) {
	same(len(dst), len(x))
	same(len(dst), len(tx))
	same(len(dst), len(t))
	for i := range dst {
		// Half of it, so that a purchase on the last day is not one purchase more.
		dst[i] = x[i] + 0.5/(1+t[i]-tx[i])
	}
}
