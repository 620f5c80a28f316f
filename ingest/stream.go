package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"
	"time"
)

// samplePieces is how many pieces at most are looked at, and held, before the
// first is converted.
const samplePieces = 16

// OpenStream is Open for rows that come from no file, such as those of a
// database: they can be read once, so open is called once, and nothing is known
// of their bytes beforehand. How dates and decimals are written is decided by the
// first 16 pieces. A stream may have no rows at all.
//
// name stands for the path in errors and in File.Path. File.Hash is empty until
// Load has returned without an error; then it is the SHA-256 of the header and of
// the rows, each cell with its length before it, in the order in which they came.
func OpenStream(ctx context.Context, name string, opt Options, open func() (Reader, Detected, error)) (*File, error) {
	f, err := openStream(ctx, name, opt, open)
	return f, at(name, err)
}

func openStream(ctx context.Context, name string, opt Options, open func() (Reader, Detected, error)) (_ *File, err error) {
	if err := knownKind(opt.Kind); err != nil {
		return nil, err
	}
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	reader, found, err := open()
	if err != nil {
		return nil, err
	}
	f := &File{Path: name, Format: found.Format, Encoding: found.Encoding,
		Header: readable(reader.Header()), Notes: found.Notes, opt: opt, input: &input{reader: reader},
		rows: newRowHash(reader.Header())}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	k, err := f.identify()
	if err != nil {
		return nil, err
	}
	if err := f.recognise(k); err != nil {
		return nil, err
	}
	if err := f.infer(ctx); err != nil {
		return nil, err
	}
	return f, nil
}

// lookOn adds more pieces of a stream to the evidence on the columns in question,
// and keeps them for Load.
func (f *File) lookOn(ctx context.Context, seen *evidence, dates, decimals []bool) error {
	for len(f.input.held) < samplePieces {
		if err := ctx.Err(); err != nil {
			return err
		}
		p, err := f.input.reader.Next()
		if errors.Is(err, io.EOF) {
			return nil // and so it stays for Load: a reader repeats its end
		}
		if err != nil {
			return err
		}
		b, err := p.Parse()
		if err != nil {
			return err
		}
		f.input.held = append(f.input.held, b)
		seen.inspect(b, f.plan.columns, dates, decimals)
	}
	if seen.noDates(dates) {
		rows := 0
		for _, b := range f.input.held {
			rows += b.Rows()
		}
		f.Notes = append(f.Notes, fmt.Sprintf("no dates in the first %d rows: later ones read as year-month-day", rows))
	}
	return nil
}

// worked is what a worker made of a piece.
type worked struct {
	chunk *Chunk
	rows  []byte // of a stream: what its hash is of
}

// work makes what one worker does.
func (f *File) work() func(*Block) worked {
	chunk := f.chunks()
	return func(b *Block) worked {
		return worked{chunk: chunk(b), rows: f.rows.encode(b)}
	}
}

// rowHash computes the hash of the rows of a stream. Rows are encoded by any
// goroutine and added by one. A nil rowHash, that of a file, does nothing.
type rowHash struct {
	sum     hash.Hash
	buffers sync.Pool
}

func newRowHash(header []string) *rowHash {
	h := &rowHash{sum: sha256.New()}
	var b []byte
	for _, name := range header {
		b = append(binary.AppendUvarint(b, uint64(len(name))+1), name...)
	}
	h.sum.Write(b)
	return h
}

// encode writes the cells of a block one after the other, each with its length
// plus one before it; 0 stands for an absent cell.
func (h *rowHash) encode(b *Block) []byte {
	if h == nil {
		return nil
	}
	var out []byte
	if used, ok := h.buffers.Get().(*[]byte); ok {
		out = (*used)[:0]
	}
	b.Texts()
	for i, start := range b.Start {
		end := b.End[i]
		if start > end {
			out = append(out, 0)
			continue
		}
		out = append(binary.AppendUvarint(out, uint64(end-start)+1), b.Data[start:end]...)
	}
	return out
}

// add takes the rows of the next piece.
func (h *rowHash) add(rows []byte) {
	if h == nil {
		return
	}
	h.sum.Write(rows)
	h.buffers.Put(&rows)
}

// hex is the hash of all rows added.
func (h *rowHash) hex() string { return hex.EncodeToString(h.sum.Sum(nil)) }
