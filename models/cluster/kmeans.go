package cluster

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"clientele/models/stat"
)

// mostClusters is how many clusters a partition may have: codes are bytes.
const mostClusters = 50

// lloyd is k-means under way: Lloyd's iteration (Lloyd 1982, "Least squares
// quantization in PCM") with the bounds of Hamerly (2010, "Making k-means even
// faster"), which tell for most rows that no other centre can have come nearest,
// without a distance. Codes, centres and inertia are those of the plain iteration.
type lloyd struct {
	points
	k       int
	centers []float64 // k x d
	code    []uint8   // of each row
	// upper is at least the distance of a row to its own centre, lower at most that
	// to any other.
	upper, lower []float64
	sums         []float64 // of the rows of each centre, k x d, and behind them their numbers, k
	shift, half  []float64 // how far each centre moved last; half the way to the nearest other one
	slack        float64   // more than rounding can make of a bound
	squares      float64   // sum of the squares of all coordinates
	iterations   int
	settled      bool
	inertia      float64 // sum of squared distances to the own centre
}

// newLloyd starts at given centres, which it keeps.
func newLloyd(p points, centers []float64) *lloyd {
	k := len(centers) / p.d
	l := &lloyd{points: p, k: k, centers: centers, code: make([]uint8, p.n), upper: make([]float64, p.n), lower: make([]float64, p.n),
		sums: make([]float64, k*(p.d+1)), shift: make([]float64, k), half: make([]float64, k)}
	l.slack = 1e-9 * greatest(p.x)
	return l
}

// greatest is the largest absolute value.
func greatest(x []float64) float64 {
	most := 0.0
	for _, v := range x {
		most = max(most, math.Abs(v))
	}
	return most
}

// run iterates until no row changes its centre, no centre moves further than still,
// or most passes over the rows are made. The inertia that it leaves is good to compare
// runs by; finish makes codes and centres agree to the last digit.
func (l *lloyd) run(ctx context.Context, workers, most int, still float64) error {
	l.assign(workers)
	for l.iterations = 1; l.iterations < most && !l.settled; l.iterations++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		l.fill()
		l.move()
		if slices.Max(l.shift) <= still {
			l.settled = true
			break
		}
		l.settled = l.pass(workers) == 0
	}
	// The squares around the means of the clusters, from sums alone: those around
	// zero, less those of the means.
	l.inertia = l.squares
	for j, n := range l.counts() {
		for _, s := range l.sums[j*l.d : (j+1)*l.d] {
			l.inertia -= s * s / max(n, 1)
		}
	}
	return ctx.Err()
}

// counts are the numbers of rows of the centres.
func (l *lloyd) counts() []float64 { return l.sums[l.k*l.d:] }

// assign gives every row its nearest centre, with bounds and sums anew.
func (l *lloyd) assign(workers int) {
	sums := make([]float64, len(l.sums)+2)
	stat.SumTo(sums, workers, l.pieces(), func(c int, dst []float64) {
		from, to := l.piece(c)
		for i := from; i < to; i++ {
			x := l.row(i)
			best, first, second := nearest(x, l.centers)
			l.code[i], l.upper[i], l.lower[i] = uint8(best), math.Sqrt(first), math.Sqrt(second)
			l.add(dst, x, best, 1)
			dst[len(l.sums)] += first
			for _, v := range x {
				dst[len(l.sums)+1] += v * v
			}
		}
	})
	copy(l.sums, sums)
	l.inertia, l.squares = sums[len(l.sums)], sums[len(l.sums)+1]
}

// add adds a row to the sums of a centre, or takes it away (sign -1).
func (l *lloyd) add(sums, x []float64, center int, sign float64) {
	s := sums[center*l.d : (center+1)*l.d]
	for m, v := range x {
		s[m] += sign * v
	}
	sums[l.k*l.d+center] += sign
}

// move puts every centre at the mean of its rows, and measures how far it went and
// how far the nearest other one is now.
func (l *lloyd) move() {
	for j, n := range l.counts() {
		center := l.centers[j*l.d : (j+1)*l.d]
		if l.shift[j] = 0; n == 0 {
			continue // nobody is here; fill found nobody to put here either
		}
		far := 0.0
		for m, s := range l.sums[j*l.d : (j+1)*l.d] {
			v := s / n
			far += (v - center[m]) * (v - center[m])
			center[m] = v
		}
		l.shift[j] = math.Sqrt(far)
	}
	for j := range l.k {
		l.half[j] = math.Inf(1)
		for other := range l.k {
			if other != j {
				l.half[j] = min(l.half[j], math.Sqrt(squared(l.centers[j*l.d:(j+1)*l.d], l.centers[other*l.d:(other+1)*l.d]))/2)
			}
		}
	}
}

// pass looks at every row after the centres moved, and returns how many changed.
func (l *lloyd) pass(workers int) int {
	most, second, which := 0.0, 0.0, -1 // the two longest ways
	for j, s := range l.shift {
		if s > most {
			most, second, which = s, most, j
		} else if s > second {
			second = s
		}
	}
	d, changes := l.d, make([]float64, len(l.sums)+1)
	stat.SumTo(changes, workers, l.pieces(), func(c int, dst []float64) {
		from, to := l.piece(c)
		code, upper, lower, all := l.code[from:to], l.upper[from:to], l.lower[from:to], l.x[from*d:to*d]
		for i, a := range code {
			u, b := upper[i]+l.shift[a], lower[i]-most
			if int(a) == which {
				b = lower[i] - second
			}
			bound := max(b, l.half[a]) - l.slack
			if u < bound {
				upper[i], lower[i] = u, b
				continue
			}
			x := all[i*d : (i+1)*d : (i+1)*d]
			if u = math.Sqrt(squared(x, l.centers[int(a)*d:(int(a)+1)*d])); u < bound {
				upper[i], lower[i] = u, b
				continue
			}
			best, near, next := nearest(x, l.centers)
			upper[i], lower[i] = math.Sqrt(near), math.Sqrt(next)
			if best != int(a) {
				code[i] = uint8(best)
				l.add(dst, x, int(a), -1)
				l.add(dst, x, best, 1)
				dst[len(l.sums)]++
			}
		}
	})
	for m := range l.sums {
		l.sums[m] += changes[m]
	}
	return int(changes[len(l.sums)])
}

// fill gives a centre without rows the row that is furthest from its own centre.
// Where every row lies on its centre there are fewer places than centres, and some
// stay empty.
func (l *lloyd) fill() {
	for j, n := range l.counts() {
		if n > 0 {
			continue
		}
		row, far := -1, 0.0
		for i, a := range l.code {
			if s := squared(l.row(i), l.centers[int(a)*l.d:(int(a)+1)*l.d]); s > far && l.counts()[a] > 1 {
				row, far = i, s
			}
		}
		if row < 0 {
			return
		}
		l.add(l.sums, l.row(row), int(l.code[row]), -1)
		l.add(l.sums, l.row(row), j, 1)
		copy(l.centers[j*l.d:(j+1)*l.d], l.row(row))
		l.code[row], l.upper[row] = uint8(j), 0
		clear(l.lower) // the centre jumped: no bound to others holds
	}
}

// finish takes sums from all rows, without what many small changes leave in the last
// digits, and codes from the centres that these give.
func (l *lloyd) finish(workers int) {
	stat.SumTo(l.sums, workers, l.pieces(), func(c int, dst []float64) {
		from, to := l.piece(c)
		for i := from; i < to; i++ {
			l.add(dst, l.row(i), int(l.code[i]), 1)
		}
	})
	l.move()
	l.pass(workers)
}

// seeds are k centres among the rows by greedy k-means++ (Arthur & Vassilvitskii
// 2007, "k-means++: the advantages of careful seeding", section 6): each next one is
// the best of 2 + ln k rows drawn with chances like their squared distance to the
// nearest centre so far.
func seeds(p points, k int, random *rand.Rand) []float64 {
	centers := append(make([]float64, 0, k*p.d), p.row(random.IntN(p.n))...)
	near, after, best := make([]float64, p.n), make([]float64, p.n), make([]float64, p.n)
	for i := range near {
		near[i] = squared(p.row(i), centers)
	}
	running := make([]float64, p.n)
	for len(centers) < k*p.d {
		total := 0.0
		for i, v := range near {
			total += v
			running[i] = total
		}
		chosen, least := 0, math.Inf(1)
		for range 2 + int(math.Log(float64(k))) {
			row := drawn(running, random.Float64()*total)
			if sum := closer(after, near, p, p.row(row)); sum < least {
				chosen, least = row, sum
				best, after = after, best
			}
		}
		near, best = best, near
		centers = append(centers, p.row(chosen)...)
	}
	return centers
}

// drawn is the first row whose running sum is above v; the last where none is.
func drawn(running []float64, v float64) int {
	i, _ := slices.BinarySearchFunc(running, v, func(sum, v float64) int {
		if sum > v {
			return 1
		}
		return -1
	})
	return min(i, len(running)-1)
}

// closer writes the squared distance of each row to the nearest centre, x added to
// them, and returns their sum.
func closer(dst, near []float64, p points, x []float64) float64 {
	sum := 0.0
	for i, v := range near {
		v = min(v, squared(p.row(i), x))
		dst[i] = v
		sum += v
	}
	return sum
}

// mostIterations is after how many passes an iteration ends that has not settled.
const mostIterations = 300

// started is k-means from seeds of its own stream of random numbers, on one core.
func started(ctx context.Context, p points, k int, stream uint64, still float64) (*lloyd, error) {
	l := newLloyd(p, seeds(p, k, rand.New(rand.NewPCG(uint64(k), stream))))
	return l, l.run(ctx, 1, mostIterations, still)
}

// best is, for each k of ks, the least inertia of several starts; of equals the first.
func best(ctx context.Context, p points, ks []int, starts, workers int) ([]*lloyd, error) {
	all := make([]*lloyd, len(ks)*starts)
	errs := make([]error, len(all))
	// The largest k first: it takes longest.
	stat.Each(workers, len(all), func(job int) {
		k := ks[len(ks)-1-job/starts]
		all[job], errs[job] = started(ctx, p, k, uint64(job%starts), 0)
	})
	out := make([]*lloyd, len(ks))
	for job, l := range all {
		if errs[job] != nil {
			return nil, errs[job]
		}
		at := &out[len(ks)-1-job/starts]
		if *at == nil || l.inertia < (*at).inertia {
			*at = l
		}
	}
	return out, nil
}
