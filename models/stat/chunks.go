package stat

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Each calls f once for every chunk number in [0, chunks), on at most workers
// goroutines (zero: one for each processor Go uses). What runs where differs
// from call to call, so f must write only to places of its own chunk.
func Each(workers, chunks int, f func(chunk int)) {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	if workers = min(workers, chunks); workers <= 1 {
		for c := range chunks {
			f(c)
		}
		return
	}
	var next atomic.Int64
	var done sync.WaitGroup
	for range workers {
		done.Go(func() {
			for c := int(next.Add(1)) - 1; c < chunks; c = int(next.Add(1)) - 1 {
				f(c)
			}
		})
	}
	done.Wait()
}

// SumTo adds up vectors that chunks of the work produce: f writes the partial
// sums of one chunk into its dst, which starts as zeros and has the length of
// dst. Partial sums are added in the order of the chunks, so the result is the
// same to the last bit on any number of workers. dst is overwritten.
func SumTo(dst []float64, workers, chunks int, f func(chunk int, dst []float64)) {
	width := len(dst)
	parts := make([]float64, width*chunks)
	Each(workers, chunks, func(c int) { f(c, parts[c*width:(c+1)*width:(c+1)*width]) })
	clear(dst)
	for c := range chunks {
		for k := range dst {
			dst[k] += parts[c*width+k]
		}
	}
}
