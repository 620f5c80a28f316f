package purchase

import "fmt"

// Track returns the repeat purchases that a base is expected to make up to and
// including each day of ends, and between one end and the next, given only when
// its customers came: newcomers[d] is how many first bought on day d. ends
// ascend and are days of newcomers, or later ones, on which nobody came.
func Track(law Law, newcomers []float64, ends []int) (cumulative, incremental []float64) {
	cumulative, incremental = make([]float64, len(ends)), make([]float64, len(ends))
	if len(ends) == 0 {
		return cumulative, incremental
	}
	byAge := make([]float64, max(0, ends[len(ends)-1])+1)
	for age := range byAge {
		byAge[age] = law.NewCustomer(age)
	}
	before := 0.0
	for i, end := range ends {
		if i > 0 && end < ends[i-1] {
			panic(fmt.Sprintf("purchase: day %d comes after day %d", end, ends[i-1]))
		}
		for d := 0; d <= end && d < len(newcomers); d++ {
			cumulative[i] += newcomers[d] * byAge[end-d]
		}
		incremental[i] = cumulative[i] - before
		before = cumulative[i]
	}
	return cumulative, incremental
}

// Weeks returns the last days of the whole weeks of days 0 to days-1: 6, 13, 20 ...
func Weeks(days int) []int {
	ends := make([]int, 0, days/7)
	for end := 6; end < days; end += 7 {
		ends = append(ends, end)
	}
	return ends
}
