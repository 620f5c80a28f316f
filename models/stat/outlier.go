package stat

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
)

// Contribution is one value's part in a difference of means.
type Contribution struct {
	Arm   int     // 0: the first, 1: the second
	Row   int     // place in its arm
	Value float64 //
	Share float64 // of the sum of its arm; 0 where that is not above zero
	Shift float64 // what the difference would gain if this value were left out
}

// Outlying tells how much of a difference of means rests on few values.
type Outlying struct {
	All        MeanTest       // Welch's test of everything
	Largest    []Contribution // of greatest Shift in either direction, first
	Trimmed    MeanTest       // without the greatest values of each arm
	TrimmedOff [2]int         // how many of each arm are left out in Trimmed
	Winsorised MeanTest       // values above Cap count as Cap
	Cap        float64        // quantile of both arms together
	// Carried is set where few values decide what is concluded: with and without
	// the greatest, the difference has another sign or is significant once and
	// not the other time.
	Carried bool
}

// Outliers names the values that carry a difference of means: the largest
// contributions (at most named), and the difference without the greatest part (0.001
// if zero: 0.1 %, at least one value) of each arm, and with them cut down. Values that are
// no finite numbers are left out.
func Outliers(a, b []float64, named int, part, level float64) Outlying {
	if part == 0 {
		part = 0.001
	}
	if !(part > 0 && part < 1) {
		panic(fmt.Sprintf("stat: the greatest %g of the values", part))
	}
	var o Outlying
	mA, mB := MomentsOf(a), MomentsOf(b)
	o.All = Welch(mA, mB, level)
	o.Largest = append(contributions(a, mA, 0, named), contributions(b, mB, 1, named)...)
	slices.SortStableFunc(o.Largest, func(x, y Contribution) int {
		return cmp.Compare(math.Abs(y.Shift), math.Abs(x.Shift))
	})
	o.Largest = o.Largest[:min(named, len(o.Largest))]
	tA, tB := TallyOf(a), TallyOf(b)
	var trimmed [2]Moments
	for i, t := range []Tally{tA, tB} {
		trimmed[i], o.TrimmedOff[i] = t.withoutGreatest(part)
	}
	o.Trimmed = Welch(trimmed[0], trimmed[1], level)
	o.Cap = join(tA, tB).quantile(1 - part)
	o.Winsorised = Welch(tA.capped(o.Cap), tB.capped(o.Cap), level)
	if o.All.Flags&(TooFew|NoVariation) == 0 && o.Trimmed.Flags&(TooFew|NoVariation) == 0 {
		alpha := 1 - level
		o.Carried = (o.All.P < alpha) != (o.Trimmed.P < alpha) ||
			(o.All.Difference > 0) != (o.Trimmed.Difference > 0) && o.All.P < alpha
	}
	return o
}

// contributions returns the values of one arm that move its mean most.
func contributions(values []float64, m Moments, arm, named int) []Contribution {
	if m.N < 2 || named <= 0 {
		return nil
	}
	sign := 1.0
	if arm == 1 {
		sign = -1
	}
	// A sorted list of the farthest from the mean so far, nearest last.
	far := make([]int, 0, named+1)
	distance := func(row int) float64 { return math.Abs(values[row] - m.Mean) }
	for row, v := range values {
		if v-v != 0 || len(far) == named && distance(row) <= distance(far[named-1]) {
			continue
		}
		at := sort.Search(len(far), func(i int) bool { return distance(far[i]) < distance(row) })
		far = slices.Insert(far, at, row)
		far = far[:min(len(far), named)]
	}
	out := make([]Contribution, len(far))
	for i, row := range far {
		v := values[row]
		out[i] = Contribution{Arm: arm, Row: row, Value: v, Shift: sign * (m.Mean - v) / float64(m.N-1)}
		if total := m.Sum(); total > 0 {
			out[i].Share = v / total
		}
	}
	return out
}

// withoutGreatest returns the moments without this part of the values, rounded
// up, and how many were left out.
func (t Tally) withoutGreatest(part float64) (m Moments, off int) {
	off = int(math.Ceil(part * float64(t.N())))
	left := off
	m.Left = t.Left
	for i := len(t.Values) - 1; i >= 0; i-- {
		cut := min(left, t.Counts[i])
		left -= cut
		m.AddRepeated(t.Values[i], t.Counts[i]-cut)
	}
	return m, off
}

// capped returns the moments with greater values cut down to limit.
func (t Tally) capped(limit float64) Moments {
	m := Moments{Left: t.Left}
	for i, v := range t.Values {
		m.AddRepeated(min(v, limit), t.Counts[i])
	}
	return m
}

// quantile returns the least value with at least p of all values at or below it
// (type 1); 0 where there are none.
func (j joined) quantile(p float64) float64 {
	need := p * float64(j.n)
	have := 0
	for i, v := range j.values {
		have += j.total[i]
		if float64(have) >= need {
			return v
		}
	}
	if len(j.values) == 0 {
		return 0
	}
	return j.values[len(j.values)-1]
}
