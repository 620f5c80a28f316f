package stat

import "fmt"

// Test is what a test of a hypothesis found.
type Test struct {
	Statistic float64
	DF        float64 // degrees of freedom; 0 where the law has none
	DF2       float64 // those of the denominator of F; 0 elsewhere
	P         float64 // two-sided, or the upper tail of chi-square and F; 1 where Flags tell that there is no test
	Flags     Flags
}

// SidedTest is a test of a difference that may go either way.
type SidedTest struct {
	Test
	Greater, Less float64 // one-sided p: that the first is greater, or less, than the second
}

// Estimate is a value between the ends of its interval. Where there is no
// interval, Low and High are the ends of what is possible: 0 and 1 for a share,
// the infinities for a mean.
type Estimate struct {
	Value, Low, High float64
	Flags            Flags
}

// Flags tell why a result says less than its numbers seem to.
type Flags uint16

// What may be wrong with a result.
const (
	NoValues    Flags = 1 << iota // a sample has no values at all
	TooFew                        // a sample has fewer values than the method needs
	NoVariation                   // the values are all equal, so there is nothing to compare a difference with
	SmallCounts                   // an expected count is below 5: use the exact test where there is one
	ZeroCell                      // a count is zero, so a ratio has no finite interval
	EmptyMargin                   // a row or column of a table has nothing in it and was left out
	Ties                          // equal values: the exact law of ranks does not hold, the p is approximate
	LeftOut                       // values that are not finite numbers were left out
	Collinear                     // covariates that are constant or that others determine were left out
	OutOfReach                    // no difference that is possible would be found with these sizes
)

// Remark is a flag in words.
type Remark struct{ Code, En, Zh string }

// remarks are in the order of the flags' bits.
func remarks() []Remark {
	return []Remark{
		{"no_values", "A group has no values.", "有一组没有数据。"},
		{"too_few", "A group has too few values for this method.", "有一组的数据太少，不足以使用该方法。"},
		{"no_variation", "All values are equal, so there is nothing to measure a difference against.", "所有数值都相同，无法判断差异是否显著。"},
		{"small_counts", "An expected count is below 5; only the exact test is to be trusted.", "有期望频数小于 5，应以精确检验的结果为准。"},
		{"zero_cell", "A count is zero, so the ratio has no finite interval.", "有计数为零，比值没有有限的置信区间。"},
		{"empty_margin", "A row or column without any count was left out.", "没有任何计数的行或列已略去。"},
		{"ties", "Some values are equal, so the p-value is approximate.", "存在相同的数值，p 值为近似值。"},
		{"left_out", "Values that are not finite numbers were left out.", "非有限数值已略去。"},
		{"collinear", "A covariate that is constant, or that others determine, was left out.", "取值恒定或可由其他协变量推出的协变量已略去。"},
		{"out_of_reach", "Groups of this size would find no difference that is possible.", "以目前的组规模，任何可能的差异都难以检出。"},
	}
}

// Has reports whether all of flags are set in f.
func (f Flags) Has(flags Flags) bool { return f&flags == flags }

// Remarks returns the flags of f in words, in a fixed order.
func (f Flags) Remarks() []Remark {
	var found []Remark
	for bit, r := range remarks() {
		if f&(1<<bit) != 0 {
			found = append(found, r)
		}
	}
	return found
}

// tail returns the critical share of each side of a two-sided interval, and
// panics where the level is no level.
func tail(level float64) float64 {
	if !(level > 0 && level < 1) {
		panic(fmt.Sprintf("stat: an interval of level %g: must be between 0 and 1", level))
	}
	return (1 - level) / 2
}

// critical is the normal value that tail(level) lies beyond.
func critical(level float64) float64 { return -NormalQuantile(tail(level)) }

// zTest is a two-sided test of a standard normal statistic.
func zTest(z float64) SidedTest {
	greater, less := NormalTail(z), NormalTail(-z)
	return SidedTest{Test: Test{Statistic: z, P: min(1, 2*min(greater, less))}, Greater: greater, Less: less}
}

// noTest is the result where there is nothing to test.
func noTest(why Flags) SidedTest {
	return SidedTest{Test: Test{P: 1, Flags: why}, Greater: 1, Less: 1}
}
