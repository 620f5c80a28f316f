// Package attribution shares conversions, and what they are worth, among the
// channels that touched a customer before: by rules on the order of touches, by
// what a Markov chain loses without a channel, and by Shapley values.
//
// None of these is an effect. They describe who was there when customers
// converted; what a channel adds is measured against a control group.
package attribution

import (
	"fmt"
	"math"
	"slices"
)

// Path is a sequence of touches, with the journeys that took it. Channels are
// numbered from 0.
type Path struct {
	Channels []int // first to last; empty: no touch at all
	// Days are those from each touch to the end of the journey, not below zero, in
	// the order of Channels. Only TimeDecay reads them.
	Days        []float64
	Conversions int     // journeys that ended in a conversion
	Nulls       int     // journeys that did not
	Value       float64 // of all these conversions together, in money
}

// Credit is what each channel is given. Together with Unassigned it sums to all
// conversions and to all value.
type Credit struct {
	Conversions []float64 // by channel
	Value       []float64 // by channel
	// What came without a touch, which no channel can be given.
	UnassignedConversions, UnassignedValue float64
}

// First gives everything to the first touch.
func First(paths []Path, channels int) (Credit, error) {
	return share(paths, channels, func(weights []float64, _ Path) {
		weights[0] = 1
	})
}

// Last gives everything to the last touch.
func Last(paths []Path, channels int) (Credit, error) {
	return share(paths, channels, func(weights []float64, _ Path) {
		weights[len(weights)-1] = 1
	})
}

// Linear gives every touch the same.
func Linear(paths []Path, channels int) (Credit, error) {
	return share(paths, channels, func(weights []float64, _ Path) {
		for i := range weights {
			weights[i] = 1
		}
	})
}

// Position gives 40 % to the first touch, 40 % to the last and 20 % to those
// between, all alike; of two touches, half to each.
func Position(paths []Path, channels int) (Credit, error) {
	return share(paths, channels, func(weights []float64, _ Path) {
		last := len(weights) - 1
		for i := range weights {
			weights[i] = 0.2 / float64(max(1, last-1))
		}
		weights[0], weights[last] = 0.4, 0.4
	})
}

// TimeDecay gives a touch half of what it would give one that is halfLife days
// nearer to the conversion. Every path with conversions needs its Days.
func TimeDecay(paths []Path, channels int, halfLife float64) (Credit, error) {
	if !(halfLife > 0) || math.IsInf(halfLife, 1) {
		return Credit{}, fmt.Errorf("half-life of %g days: must be above zero", halfLife)
	}
	for i, p := range paths {
		if p.Conversions == 0 {
			continue
		}
		if len(p.Days) != len(p.Channels) {
			return Credit{}, fmt.Errorf("path %d: %d touches with %d times", i, len(p.Channels), len(p.Days))
		}
		for _, d := range p.Days {
			if !(d >= 0) || math.IsInf(d, 1) {
				return Credit{}, fmt.Errorf("path %d: a touch %g days before the end", i, d)
			}
		}
	}
	return share(paths, channels, func(weights []float64, p Path) {
		nearest := slices.Min(p.Days) // counts as one, so that long ago is not nothing
		for i, d := range p.Days {
			weights[i] = math.Exp2((nearest - d) / halfLife)
		}
	})
}

// Shapley gives each channel its mean gain over all orders in which the
// channels could be switched on, where a set of channels is worth the conversions of
// the journeys that touched no other channel. That is the same as sharing each
// journey evenly among the different channels it touched, however often: each path
// is a game that only the whole set wins, and its channels are alike in it. So it is
// exact for any number of channels. Without repeated touches it equals Linear.
func Shapley(paths []Path, channels int) (Credit, error) {
	return share(paths, channels, func(weights []float64, p Path) {
		for i, c := range p.Channels {
			if !slices.Contains(p.Channels[:i], c) {
				weights[i] = 1
			}
		}
	})
}

// share gives the conversions of each path to its touches, in proportion to the
// weights that weigh writes over zeros.
func share(paths []Path, channels int, weigh func(weights []float64, p Path)) (Credit, error) {
	if err := check(paths, channels); err != nil {
		return Credit{}, err
	}
	credit := Credit{Conversions: make([]float64, channels), Value: make([]float64, channels)}
	var weights []float64
	for _, p := range paths {
		if p.Conversions == 0 {
			continue
		}
		if len(p.Channels) == 0 {
			credit.UnassignedConversions += float64(p.Conversions)
			credit.UnassignedValue += p.Value
			continue
		}
		weights = append(weights[:0], make([]float64, len(p.Channels))...)
		weigh(weights, p)
		all := 0.0
		for _, w := range weights {
			all += w
		}
		for i, c := range p.Channels {
			credit.Conversions[c] += float64(p.Conversions) * weights[i] / all
			credit.Value[c] += p.Value * weights[i] / all
		}
	}
	return credit, nil
}

func check(paths []Path, channels int) error {
	if channels < 0 {
		return fmt.Errorf("%d channels", channels)
	}
	for i, p := range paths {
		for _, c := range p.Channels {
			if c < 0 || c >= channels {
				return fmt.Errorf("path %d: channel %d of %d", i, c, channels)
			}
		}
		if p.Conversions < 0 || p.Nulls < 0 {
			return fmt.Errorf("path %d: %d conversions and %d others", i, p.Conversions, p.Nulls)
		}
		if math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
			return fmt.Errorf("path %d: a value of %g", i, p.Value)
		}
		if p.Conversions == 0 && p.Value != 0 {
			return fmt.Errorf("path %d: a value of %g without a conversion", i, p.Value)
		}
	}
	return nil
}
