package attribution

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func near(t *testing.T, what string, got []float64, want ...float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= 6e-9*max(1, math.Abs(want[i]))) {
			t.Errorf("%s: %.10g, want %.10g", what, got, want)
			return
		}
	}
}

// must passes the credit on.
func must(t *testing.T) func(Credit, error) Credit {
	return func(c Credit, err error) Credit {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

// Toy A and toy B of reference/statistics.md, section 3.
func TestToys(t *testing.T) {
	const c1, c2, c3 = 0, 1, 2
	a, err := Markov([]Path{
		{Channels: []int{c1, c2, c3}, Conversions: 1},
		{Channels: []int{c1}, Nulls: 1},
		{Channels: []int{c2, c3}, Nulls: 1},
	}, 3)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "A: conversion", []float64{a.Rate}, 1.0/3)
	near(t, "A: removal", a.Removal, 0.5, 1, 1)
	near(t, "A: credit", a.Conversions, 0.2, 0.4, 0.4)

	b, err := Markov(toyB(), 3)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "B: conversion", []float64{b.Rate}, 0.10487804878)
	near(t, "B: removal", b.Removal, 0.5946843854, 0.6223698782, 0.1405387318)
	near(t, "B: credit", b.Conversions, 18.83585777, 19.7127599, 4.45138233)
	near(t, "B: last", must(t)(Last(toyB(), 3)).Conversions, 23, 18, 2)
	near(t, "B: first", must(t)(First(toyB(), 3)).Conversions, 11, 22, 10)
	near(t, "B: linear", must(t)(Linear(toyB(), 3)).Conversions, 47.0/3, 68.0/3, 14.0/3)
	near(t, "B: Shapley", must(t)(Shapley(toyB(), 3)).Conversions, 15.66666667, 22.66666667, 4.66666667)
}

const (
	email = iota
	search
	social
)

func toyB() []Path {
	return []Path{
		{Channels: []int{search, email}, Conversions: 10, Nulls: 40, Value: 1000},
		{Channels: []int{email}, Conversions: 5, Nulls: 95, Value: 250},
		{Channels: []int{social, search, email}, Conversions: 8, Nulls: 22, Value: 1600},
		{Channels: []int{search}, Conversions: 12, Nulls: 88, Value: 600},
		{Channels: []int{social}, Conversions: 2, Nulls: 98, Value: 20},
		{Channels: []int{email, search}, Conversions: 6, Nulls: 24, Value: 900},
	}
}

func TestRules(t *testing.T) {
	long := []Path{{Channels: []int{0, 1, 2, 1, 3}, Days: []float64{21, 14, 7, 7, 0}, Conversions: 2, Nulls: 5, Value: 100}}
	near(t, "first", must(t)(First(long, 4)).Conversions, 2, 0, 0, 0)
	near(t, "last", must(t)(Last(long, 4)).Value, 0, 0, 0, 100)
	near(t, "linear", must(t)(Linear(long, 4)).Value, 20, 40, 20, 20)
	near(t, "position", must(t)(Position(long, 4)).Value, 40, 40.0/3, 20.0/3, 40)
	near(t, "Shapley", must(t)(Shapley(long, 4)).Value, 25, 25, 25, 25)
	// Weights 1/8, 1/4, 1/2, 1/2, 1 at a half-life of a week.
	near(t, "time decay", must(t)(TimeDecay(long, 4, 7)).Value, 100*0.125/2.375, 100*0.75/2.375, 100*0.5/2.375, 100/2.375)
	near(t, "time decay over an age", must(t)(TimeDecay(long, 4, 1e12)).Value, 20, 40, 20, 20)

	two := []Path{{Channels: []int{0, 1}, Days: []float64{4000, 3990}, Conversions: 1, Value: 10}}
	near(t, "position of two", must(t)(Position(two, 2)).Conversions, 0.5, 0.5)
	near(t, "both long ago", must(t)(TimeDecay(two, 2, 0.01)).Conversions, 0, 1)
	one := []Path{{Channels: []int{1}, Days: []float64{3}, Conversions: 3, Value: 9}}
	for name, c := range map[string]Credit{
		"first": must(t)(First(one, 2)), "last": must(t)(Last(one, 2)), "linear": must(t)(Linear(one, 2)), "position": must(t)(Position(one, 2)),
		"decay": must(t)(TimeDecay(one, 2, 7)), "Shapley": must(t)(Shapley(one, 2)),
	} {
		near(t, name+" of one", append(slices.Clone(c.Conversions), c.Value...), 0, 3, 0, 9)
	}
}

func TestWithoutTouchOrConversion(t *testing.T) {
	paths := []Path{{Conversions: 4, Nulls: 100, Value: 80}, {Channels: []int{1}, Nulls: 7}}
	chain, err := Markov(paths, 2)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]Credit{"linear": must(t)(Linear(paths, 2)), "Markov": chain.Credit} {
		near(t, name, append(append(slices.Clone(c.Conversions), c.Value...), c.UnassignedConversions, c.UnassignedValue), 0, 0, 0, 0, 4, 80)
	}
	if chain.Rate != 0 || chain.Removal[1] != 0 {
		t.Errorf("no conversion with a touch: %+v", chain)
	}
	for name, n := range map[string]int{"no channels": 0, "unused channels": 5} {
		chain, err := Markov(nil, n)
		if err != nil || len(chain.Conversions) != n || len(chain.Removal) != n {
			t.Errorf("%s: %+v, %v", name, chain, err)
		}
	}
	// Refunds that outweigh what a channel brought: the conversions share the value.
	chain, err = Markov([]Path{
		{Channels: []int{0}, Conversions: 1, Nulls: 1, Value: -50}, {Channels: []int{1}, Conversions: 1, Nulls: 1, Value: 100},
	}, 2)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "refunds", chain.Value, 25, 25)
}

func TestWhatIsRefused(t *testing.T) {
	good := []int{0}
	for name, p := range map[string]Path{
		"unknown channel":          {Channels: []int{2}, Conversions: 1},
		"channel below zero":       {Channels: []int{-1}, Nulls: 1},
		"fewer than none":          {Channels: good, Nulls: -1},
		"value of nothing":         {Channels: good, Nulls: 1, Value: 3},
		"no number":                {Channels: good, Conversions: 1, Value: math.NaN()},
		"no times":                 {Channels: good, Conversions: 1},
		"after the end":            {Channels: good, Days: []float64{-1}, Conversions: 1},
		"a time that is no number": {Channels: good, Days: []float64{math.NaN()}, Conversions: 1},
	} {
		if _, err := TimeDecay([]Path{p}, 2, 7); err == nil {
			t.Errorf("time decay takes %s", name)
		}
		_, err := Markov([]Path{p}, 2)
		if timeless := p.Value == 0 && p.Conversions == 1 && slices.Equal(p.Channels, good); (err == nil) != timeless {
			t.Errorf("Markov of %s: %v", name, err)
		}
	}
	for _, half := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if _, err := TimeDecay(nil, 1, half); err == nil {
			t.Errorf("a half-life of %g", half)
		}
	}
	if _, err := First(nil, -1); err == nil {
		t.Error("fewer channels than none")
	}
}

func drawPaths(t *rapid.T, channels int) []Path {
	n := rapid.IntRange(1, 12).Draw(t, "paths")
	paths := make([]Path, n)
	for i := range paths {
		p := Path{
			Channels:    rapid.SliceOfN(rapid.IntRange(0, channels-1), 0, 6).Draw(t, "path"),
			Conversions: rapid.IntRange(0, 9).Draw(t, "conversions"),
			Nulls:       rapid.IntRange(0, 30).Draw(t, "nulls"),
		}
		for range p.Channels {
			p.Days = append(p.Days, rapid.Float64Range(0, 400).Draw(t, "day"))
		}
		if p.Conversions > 0 {
			p.Value = float64(rapid.IntRange(0, 500).Draw(t, "value"))
		}
		paths[i] = p
	}
	return paths
}

func rules() map[string]func([]Path, int) (Credit, error) {
	return map[string]func([]Path, int) (Credit, error){
		"first": First, "last": Last, "linear": Linear, "position": Position, "Shapley": Shapley,
		"time decay": func(p []Path, n int) (Credit, error) { return TimeDecay(p, n, 9) },
		"Markov": func(p []Path, n int) (Credit, error) {
			c, err := Markov(p, n)
			return c.Credit, err
		},
	}
}

// Nothing is lost or made, nobody gets less than nothing, and neither the
// channels' numbers nor the order of paths, nor splitting one in two, matters.
func TestEveryRuleSharesAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const channels = 5
		paths := drawPaths(t, channels)
		conversions, value := 0.0, 0.0
		renamed := make([]Path, 0, 2*len(paths))
		turn := func(c int) int { return (3*c + 1) % channels }
		for _, p := range slices.Backward(paths) {
			conversions += float64(p.Conversions)
			value += p.Value
			other := p
			other.Channels = nil
			for _, c := range p.Channels {
				other.Channels = append(other.Channels, turn(c))
			}
			half := other
			half.Conversions, half.Nulls, half.Value = p.Conversions/2, p.Nulls/3, 0
			if half.Conversions > 0 {
				half.Value = p.Value / 4
			}
			other.Conversions -= half.Conversions
			other.Nulls -= half.Nulls
			other.Value -= half.Value
			renamed = append(renamed, half, other)
		}
		for name, rule := range rules() {
			c, err := rule(paths, channels)
			if err != nil {
				t.Fatal(err)
			}
			gotConversions, gotValue := c.UnassignedConversions, c.UnassignedValue
			for i := range channels {
				if c.Conversions[i] < -1e-9 || c.Value[i] < -1e-9 {
					t.Fatalf("%s: %+v", name, c)
				}
				gotConversions += c.Conversions[i]
				gotValue += c.Value[i]
			}
			if math.Abs(gotConversions-conversions) > 1e-9 || math.Abs(gotValue-value) > 1e-7 {
				t.Fatalf("%s shares %g conversions worth %g of %g worth %g", name, gotConversions, gotValue, conversions, value)
			}
			d, err := rule(renamed, channels)
			if err != nil {
				t.Fatal(err)
			}
			for i := range channels {
				if math.Abs(c.Conversions[i]-d.Conversions[turn(i)]) > 1e-9 || math.Abs(c.Value[i]-d.Value[turn(i)]) > 1e-7 {
					t.Fatalf("%s: %+v, renamed %+v", name, c, d)
				}
			}
		}
	})
}

// slowRemoval walks the chain step by step, with a channel's journeys ended.
func slowRemoval(s *steps, without int) float64 {
	at := slices.Clone(s.starts)
	converted := 0.0
	for left := 1.0; left > 1e-12; {
		left = 0
		next := make([]float64, s.channels)
		for i, n := range at {
			if i == without || n == 0 {
				continue
			}
			left += n
			converted += n * s.converted[i] / s.touches[i]
			for j := range next {
				next[j] += n * s.next[i*s.channels+j] / s.touches[i]
			}
		}
		at = next
	}
	return converted
}

func TestMarkovStepByStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const channels = 4
		paths := drawPaths(t, channels)
		chain, err := Markov(paths, channels)
		if err != nil {
			t.Fatal(err)
		}
		s := count(paths, channels)
		if s.conversions == 0 {
			return
		}
		all := slowRemoval(s, -1)
		if math.Abs(all-s.conversions) > 1e-6*all || math.Abs(chain.Rate-s.conversions/s.journeys) > 1e-9 {
			t.Fatalf("the chain converts %g, the data %g", all, s.conversions)
		}
		for c := range channels {
			if want := 1 - slowRemoval(s, c)/all; math.Abs(chain.Removal[c]-want) > 1e-6 {
				t.Fatalf("removal of %d: %g, step by step %g", c, chain.Removal[c], want)
			}
		}
	})
}

// Equal value for each conversion is shared as the conversions are.
func TestMarkovValue(t *testing.T) {
	paths := toyB()
	for i := range paths {
		paths[i].Value = 7 * float64(paths[i].Conversions)
	}
	chain, err := Markov(paths, 3)
	if err != nil {
		t.Fatal(err)
	}
	for c := range 3 {
		if math.Abs(chain.Value[c]-7*chain.Conversions[c]) > 1e-9 {
			t.Errorf("channel %d: worth %g for %g conversions", c, chain.Value[c], chain.Conversions[c])
		}
	}
	// Where one channel alone brings dear conversions, it gets more of the value.
	dear, err := Markov(toyB(), 3)
	if err != nil {
		t.Fatal(err)
	}
	if !(dear.Value[social]/4370 < dear.Conversions[social]/43*1.5) || !(dear.Value[email]/4370 > dear.Conversions[email]/43) {
		t.Errorf("value %v for %v", dear.Value, dear.Conversions)
	}
}

// Shapley values by their definition: the mean gain over all orders.
func TestShapleyByOrders(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 6))
	const channels = 5
	var paths []Path
	for range 40 {
		p := Path{Conversions: rng.IntN(6), Nulls: rng.IntN(9)}
		for range 1 + rng.IntN(6) {
			p.Channels = append(p.Channels, rng.IntN(channels))
		}
		paths = append(paths, p)
	}
	worth := func(set int) float64 {
		sum := 0.0
		for _, p := range paths {
			inside := true
			for _, c := range p.Channels {
				inside = inside && set>>c&1 == 1
			}
			if inside {
				sum += float64(p.Conversions)
			}
		}
		return sum
	}
	want := make([]float64, channels)
	orders := 0.0
	var place func(order []int, set int)
	place = func(order []int, set int) {
		if len(order) == channels {
			orders++
			on := 0
			for _, c := range order {
				want[c] += worth(on|1<<c) - worth(on)
				on |= 1 << c
			}
			return
		}
		for c := range channels {
			if set>>c&1 == 0 {
				place(append(order, c), set|1<<c)
			}
		}
	}
	place(nil, 0)
	for c := range want {
		want[c] /= orders
	}
	near(t, "Shapley", must(t)(Shapley(paths, channels)).Conversions, want...)
}

// Many channels and long journeys are one matrix: a million touches in a moment.
func BenchmarkMarkov(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	const channels = 60
	paths := make([]Path, 100_000)
	for i := range paths {
		paths[i] = Path{Conversions: rng.IntN(2), Nulls: 1 + rng.IntN(5)}
		for range 10 {
			paths[i].Channels = append(paths[i].Channels, rng.IntN(channels))
		}
	}
	for b.Loop() {
		if _, err := Markov(paths, channels); err != nil {
			b.Fatal(err)
		}
	}
}

func Example() {
	names := []string{"email", "search", "social"}
	paths := []Path{
		{Channels: []int{1, 0}, Conversions: 10, Nulls: 40},
		{Channels: []int{0}, Conversions: 5, Nulls: 95},
		{Channels: []int{2, 1, 0}, Conversions: 8, Nulls: 22},
		{Channels: []int{1}, Conversions: 12, Nulls: 88},
		{Channels: []int{2}, Conversions: 2, Nulls: 98},
		{Channels: []int{0, 1}, Conversions: 6, Nulls: 24},
	}
	last, err := Last(paths, len(names))
	if err != nil {
		panic(err)
	}
	chain, err := Markov(paths, len(names))
	if err != nil {
		panic(err)
	}
	for i, name := range names {
		fmt.Printf("%-6s  last touch %4.1f  Markov %4.1f  lost without it %2.0f %%\n",
			name, last.Conversions[i], chain.Conversions[i], 100*chain.Removal[i])
	}
	// Output:
	// email   last touch 23.0  Markov 18.8  lost without it 59 %
	// search  last touch 18.0  Markov 19.7  lost without it 62 %
	// social  last touch  2.0  Markov  4.5  lost without it 14 %
}
