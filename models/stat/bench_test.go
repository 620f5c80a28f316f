package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// spending draws what n customers spend: nothing, but for a share of buyers,
// whose spend is lognormal.
func spending(n int, share, lift float64, seed uint64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 0x5be4d))
	out := make([]float64, n)
	for i := range out {
		if rng.Float64() < share {
			out[i] = math.Round(100*lift*math.Exp(3.5+rng.NormFloat64())) / 100
		}
	}
	return out
}

// A million customers in each arm: 2 % who buy, and everyone.
func BenchmarkBootstrap(b *testing.B) {
	for name, share := range map[string]float64{"few buy": 0.02, "all buy": 1} {
		x, y := TallyOf(spending(1_000_000, share, 1, 1)), TallyOf(spending(1_000_000, share, 1, 2))
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Bootstrap{Workers: 1}.MeanDifference(x, y)
			}
		})
	}
}

func BenchmarkTally(b *testing.B) {
	for name, share := range map[string]float64{"few buy": 0.02, "all buy": 1} {
		x := spending(1_000_000, share, 1, 1)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				TallyOf(x)
			}
		})
	}
}

func BenchmarkMoments(b *testing.B) {
	x := spending(1_000_000, 0.02, 1, 1)
	for b.Loop() {
		MomentsOf(x)
	}
}

func BenchmarkFisher(b *testing.B) {
	for b.Loop() {
		FisherExact(Proportion{52_000, 1_000_000}, Proportion{51_500, 1_000_000})
	}
}

func BenchmarkBetaBinomial(b *testing.B) {
	for b.Loop() {
		BetaBinomial(Proportion{52_000, 1_000_000}, Proportion{51_500, 1_000_000}, 1, 1, 0.95)
	}
}

func BenchmarkOutliers(b *testing.B) {
	x, y := spending(1_000_000, 0.02, 1, 1), spending(1_000_000, 0.02, 1, 2)
	for b.Loop() {
		Outliers(x, y, 10, 0, 0.95)
	}
}
