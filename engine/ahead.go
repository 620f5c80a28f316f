package engine

import (
	"context"
	"sync"

	"clientele/ingest"
	"clientele/ingest/formats"
)

// ahead opens the files of a source before they are asked for. To look at the first rows
// of a file takes one core, and a source may have many files. It touches nothing else.
type ahead struct {
	ctx    context.Context
	cancel context.CancelFunc
	turns  chan struct{} // one for each file that is opened and not taken yet
	files  map[string]*openedFile
	wait   sync.WaitGroup
}

// openedFile is what came of opening a file, once done is closed.
type openedFile struct {
	done chan struct{}
	seen *seenFile // as it looked before that
	opt  ingest.Options
	file *ingest.File
	err  error
}

// open recognises the file. Its hash comes later.
func (o *openedFile) open(ctx context.Context, path sourceFile) {
	defer close(o.done)
	o.file, o.err = ingest.Open(ctx, path.file, o.opt, formats.Open)
}

// aheadMemory is what a file that is open may hold, of most formats: its first rows, and
// more while it is read to its end for dates that can be read in two ways.
const aheadMemory = 256 << 20

// openAhead begins to open files of a source, in their order, as many at a time as there
// are cores and memory. Those that look as if the store had them are left. close has to
// follow.
func (w *writer) openAhead(ctx context.Context, l Loading, paths []sourceFile) (*ahead, error) {
	most := w.Config.Resources.Cores()
	if m := int64(w.Config.Resources.Memory); m > 0 {
		most = int(min(int64(most), max(1, m/aheadMemory)))
	}
	a := &ahead{turns: make(chan struct{}, most), files: map[string]*openedFile{}}
	var opens []func()
	a.ctx, a.cancel = context.WithCancel(ctx)
	for _, path := range paths {
		if len(paths) == 1 || a.files[path.file] != nil || path.inside() != nil || l.saw(w.sight(l, path)) {
			continue
		}
		o, err := w.opened(l, path)
		if err != nil {
			a.cancel()
			return nil, err
		}
		a.files[path.file] = o
		opens = append(opens, func() { o.open(a.ctx, path) })
	}
	a.wait.Go(func() {
		for _, open := range opens {
			select {
			case a.turns <- struct{}{}:
				a.wait.Go(open)
			case <-a.ctx.Done():
				return
			}
		}
	})
	return a, nil
}

// opened is a file that is to be opened as a file of its source.
func (w *writer) opened(l Loading, path sourceFile) (*openedFile, error) {
	opt, err := w.options(l.Source, path.root)
	opt.HashLate, opt.Configured = true, !l.FromHere
	return &openedFile{done: make(chan struct{}), seen: w.sight(l, path), opt: opt}, err
}

// take waits for a file and hands it over; nil where it is not opened ahead.
func (a *ahead) take(path sourceFile) *openedFile {
	if a == nil || a.files[path.file] == nil {
		return nil
	}
	o := a.files[path.file]
	select {
	case <-o.done:
	case <-a.ctx.Done():
		return nil // close waits for it
	}
	<-a.turns
	delete(a.files, path.file)
	return o
}

// drop closes a file that is not needed, should it have been opened.
func (a *ahead) drop(path sourceFile) {
	if o := a.take(path); o != nil && o.file != nil {
		o.file.Close() // it was only read
	}
}

// close closes the files that nobody took.
func (a *ahead) close() {
	a.cancel()
	a.wait.Wait()
	for _, o := range a.files {
		if o.file != nil {
			o.file.Close() // it was only read
		}
	}
}
