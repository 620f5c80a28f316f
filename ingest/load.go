package ingest

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
)

// input is a reader with the blocks that were parsed to look at them.
type input struct {
	reader Reader
	held   []*Block
}

// errNoRows is an error of a file, not of a stream.
var errNoRows = errors.New("the file has a header and no rows")

// sample parses pieces until one has a good row, at most 16 of them. It reports
// whether that was the whole file; a file without any row is an error.
func (in *input) sample() (all bool, err error) {
	for range samplePieces {
		p, err := in.reader.Next()
		if errors.Is(err, io.EOF) {
			for _, b := range in.held {
				if b.Rows()+len(b.Bad) > 0 {
					return true, nil
				}
			}
			return true, errNoRows
		}
		if err != nil {
			return false, err
		}
		b, err := p.Parse()
		if err != nil {
			return false, err
		}
		in.held = append(in.held, b)
		if b.Rows() > 0 {
			break
		}
	}
	return false, nil
}

// next returns the held blocks again, then the pieces of the reader.
func (in *input) next() (Piece, error) {
	if len(in.held) > 0 {
		b := in.held[0]
		in.held = in.held[1:]
		return parsed{b}, nil
	}
	return in.reader.Next()
}

func (in *input) close() error { return in.reader.Close() }

// parsed is a piece that was parsed before.
type parsed struct{ block *Block }

func (p parsed) Parse() (*Block, error) { return p.block, nil }

// pipeline parses the pieces of an input and works on their blocks in a pool of
// goroutines, and hands the results to take in the order of the file, from the
// caller's goroutine. newWork is called once for each worker. At most workers+2
// pieces exist at a time. The first error in the order of the file is returned.
func pipeline[T any](ctx context.Context, in *input, workers int, newWork func() func(*Block) T, take func(T) error) error {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	type result struct {
		value T
		err   error
	}
	type job struct {
		piece Piece
		out   chan result
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait() // nothing reads from the input after this returns
	defer cancel()

	slots := make(chan struct{}, workers+2)
	todo := make(chan job, workers+2)
	order := make(chan job, workers+2)
	wg.Go(func() {
		defer close(order)
		defer close(todo)
		for {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			p, err := in.next()
			if errors.Is(err, io.EOF) {
				return
			}
			j := job{piece: p, out: make(chan result, 1)}
			order <- j // never blocks: there are as many places as slots
			if err != nil {
				j.out <- result{err: err}
				return
			}
			todo <- j
		}
	})
	for range workers {
		wg.Go(func() {
			work := newWork()
			for j := range todo {
				if ctx.Err() != nil {
					j.out <- result{err: ctx.Err()}
					continue
				}
				b, err := j.piece.Parse()
				if err != nil {
					j.out <- result{err: err}
					continue
				}
				value := work(b)
				if b.Release != nil {
					b.Release()
				}
				j.out <- result{value: value}
			}
		})
	}
	for j := range order {
		r := <-j.out
		if r.err != nil {
			return r.err
		}
		if err := take(r.value); err != nil {
			return err
		}
		<-slots
	}
	return ctx.Err()
}
