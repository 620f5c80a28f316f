package stat

import (
	"fmt"
	"slices"
)

// Tally is a sample as its distinct values, ascending, with how often each
// occurs. What most customers have in common, such as spending nothing, costs
// nothing in it, and a database can count it.
type Tally struct {
	Values []float64
	Counts []int
	Left   int // values left out, as they are no finite numbers
}

// TallyOf counts values, in any order. Zeros are not sorted.
func TallyOf(values []float64) Tally {
	others := make([]float64, 0, len(values)/8)
	zeros, left := 0, 0
	for _, v := range values {
		switch {
		case v == 0:
			zeros++
		case v-v != 0:
			left++
		default:
			others = append(others, v)
		}
	}
	slices.Sort(others)
	t := Tally{Left: left}
	for _, v := range others {
		if v > 0 && zeros > 0 {
			t.add(0, zeros)
			zeros = 0
		}
		t.add(v, 1)
	}
	if zeros > 0 {
		t.add(0, zeros)
	}
	return t
}

func (t *Tally) add(v float64, times int) {
	if last := len(t.Values) - 1; last >= 0 && t.Values[last] == v {
		t.Counts[last] += times
		return
	}
	t.Values = append(t.Values, v)
	t.Counts = append(t.Counts, times)
}

// N returns how many values were counted.
func (t Tally) N() int {
	n := 0
	for _, c := range t.Counts {
		n += c
	}
	return n
}

// Moments returns the number, mean and spread of the sample.
func (t Tally) Moments() Moments {
	m := Moments{Left: t.Left}
	for i, v := range t.Values {
		m.AddRepeated(v, t.Counts[i])
	}
	return m
}

// check panics unless values ascend and counts are above zero.
func (t Tally) check() {
	if len(t.Values) != len(t.Counts) {
		panic(fmt.Sprintf("stat: %d values with %d counts", len(t.Values), len(t.Counts)))
	}
	for i, v := range t.Values {
		if v-v != 0 || i > 0 && v <= t.Values[i-1] || t.Counts[i] <= 0 {
			panic(fmt.Sprintf("stat: value %g, counted %d times, is out of place in a tally", v, t.Counts[i]))
		}
	}
}

// joined are several samples over their distinct values.
type joined struct {
	values []float64
	counts [][]int // of each group, by value
	total  []int   // of all groups, by value
	sizes  []int   // of each group
	n      int
	flags  Flags
}

func join(groups ...Tally) joined {
	var j joined
	for _, g := range groups {
		g.check()
		j.values = append(j.values, g.Values...)
		n := g.N()
		j.sizes = append(j.sizes, n)
		j.n += n
		j.flags |= sampleFlags(1, Moments{N: n, Left: g.Left})
	}
	slices.Sort(j.values)
	j.values = slices.Compact(j.values)
	j.total = make([]int, len(j.values))
	for _, g := range groups {
		counts := make([]int, len(j.values))
		at := 0
		for i, v := range j.values {
			if at < len(g.Values) && g.Values[at] == v {
				counts[i] = g.Counts[at]
				j.total[i] += counts[i]
				at++
			}
		}
		j.counts = append(j.counts, counts)
	}
	for _, c := range j.total {
		if c > 1 {
			j.flags |= Ties
			break
		}
	}
	return j
}

// rankSums returns the sum of the middle ranks of each group, and the sum of
// t^3 - t over the ties.
func (j joined) rankSums() (sums []float64, ties float64) {
	sums = make([]float64, len(j.counts))
	below := 0.0
	for i, c := range j.total {
		t := float64(c)
		rank := below + (t+1)/2
		for g := range sums {
			sums[g] += rank * float64(j.counts[g][i])
		}
		ties += t * (t*t - 1)
		below += t
	}
	return sums, ties
}
