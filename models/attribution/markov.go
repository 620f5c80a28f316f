package attribution

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Chain is what the journeys look like as a Markov chain: from the start, from
// touch to touch, to a conversion or to nothing, where the next step depends on the
// last touch only.
type Chain struct {
	Credit
	// Rate is the probability that a journey with a touch ends in a
	// conversion: that of the chain, which is that of the data.
	Rate float64
	// Removal is, by channel, the share of these conversions that is lost when
	// journeys that come to the channel end there; 0 for one without touches.
	Removal []float64
}

// Markov gives each channel a share in proportion to its removal effect
// (Anderl, Becker, von Wangenheim & Schumann 2016; first order). The value is shared
// by what of the expected value is lost, where a conversion from a channel is
// worth the mean of those that had it as the last touch; if that leaves some
// channel with a loss below zero, as refunds may, by the conversions.
func Markov(paths []Path, channels int) (Chain, error) {
	if err := check(paths, channels); err != nil {
		return Chain{}, err
	}
	s := count(paths, channels)
	chain := Chain{
		Credit: Credit{
			Conversions: make([]float64, channels), Value: make([]float64, channels),
			UnassignedConversions: s.unassigned, UnassignedValue: s.unassignedValue,
		},
		Removal: make([]float64, channels),
	}
	if s.conversions == 0 {
		return chain, nil
	}
	visits, err := s.visits()
	if err != nil {
		return Chain{}, err
	}
	converting, worth := make([]float64, channels), make([]float64, channels)
	for c := range channels {
		if s.touches[c] > 0 {
			converting[c], worth[c] = s.converted[c]/s.touches[c], s.value[c]/s.touches[c]
		}
	}
	chain.Rate = s.conversions / s.journeys
	lost := removal(visits, s.starts, converting)
	all := 0.0
	for c, l := range lost {
		chain.Removal[c] = min(1, l/s.conversions)
		all += l
	}
	lostValue := removal(visits, s.starts, worth)
	allValue := 0.0
	for _, l := range lostValue {
		allValue += l
	}
	if least := slices.Min(lostValue); allValue <= 0 || least < -1e-9*allValue {
		lostValue, allValue = lost, all
	}
	for c := range channels {
		chain.Conversions[c] = s.conversions * lost[c] / all
		chain.Value[c] = s.totalValue * lostValue[c] / allValue
	}
	return chain, nil
}

// steps are the counts that the chain is made of.
type steps struct {
	channels                    int
	starts                      []float64 // journeys that begin at each channel
	next                        []float64 // steps from a channel (row) to another
	touches                     []float64 // steps that leave a channel, to wherever
	converted, value            []float64 // by last channel
	journeys, conversions       float64   // with a touch
	totalValue                  float64
	unassigned, unassignedValue float64
}

func count(paths []Path, channels int) *steps {
	s := &steps{
		channels: channels,
		starts:   make([]float64, channels), next: make([]float64, channels*channels), touches: make([]float64, channels),
		converted: make([]float64, channels), value: make([]float64, channels),
	}
	for _, p := range paths {
		if len(p.Channels) == 0 {
			s.unassigned += float64(p.Conversions)
			s.unassignedValue += p.Value
			continue
		}
		n := float64(p.Conversions) + float64(p.Nulls)
		s.journeys += n
		s.conversions += float64(p.Conversions)
		s.totalValue += p.Value
		s.starts[p.Channels[0]] += n
		for i, c := range p.Channels {
			s.touches[c] += n
			if i > 0 {
				s.next[p.Channels[i-1]*channels+c] += n
			}
		}
		last := p.Channels[len(p.Channels)-1]
		s.converted[last] += float64(p.Conversions)
		s.value[last] += p.Value
	}
	return s
}

// visits returns the fundamental matrix: how often a journey at one channel
// (row) is expected at another, itself counted, before it ends.
func (s *steps) visits() (*mat.Dense, error) {
	stay := mat.NewDense(s.channels, s.channels, nil)
	for i := range s.channels {
		for j := range s.channels {
			v := 0.0
			if s.touches[i] > 0 {
				v = -s.next[i*s.channels+j] / s.touches[i]
			}
			if i == j {
				v++
			}
			stay.Set(i, j, v)
		}
	}
	var visits mat.Dense
	if err := visits.Inverse(stay); err != nil {
		return nil, fmt.Errorf("markov chain of %d channels: %w", s.channels, err)
	}
	return &visits, nil
}

// removal returns, for each channel, what all journeys together lose when those
// that come to it end there: how many come to it, times what one at it is expected to
// bring. One inverse does for all channels: the probability of ever coming from i to j
// is the expected visits from i to j over those from j to itself (Kemeny & Snell
// 1960, chapter 3).
func removal(visits *mat.Dense, starts, gain []float64) []float64 {
	lost := make([]float64, len(starts))
	for j := range lost {
		come, bring := 0.0, 0.0
		for i, n := range starts {
			come += n * visits.At(i, j)
			bring += visits.At(j, i) * gain[i]
		}
		lost[j] = come / visits.At(j, j) * bring
	}
	return lost
}
