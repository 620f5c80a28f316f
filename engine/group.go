package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/ingest"
)

// group is files of one source with the same columns, whose rows go into the store
// as one stream: each statement that stores rows costs more than a small file.
type group struct {
	*writer
	ctx   context.Context
	files []*merge

	people, cards, terms, articles []*table.Table
	side                           int  // bytes of these
	more                           bool // the stream was interrupted to store them
}

const (
	maxSide  = 64 << 20 // how much of what repeats is held in memory before it is stored
	maxGroup = 16       // each open file holds its first rows
)

// fits reports whether a file can be of the group.
func (g *group) fits(m *merge) bool {
	if len(g.files) == 0 {
		return true
	}
	first := g.files[0]
	return len(g.files) < maxGroup && first.source.Name == m.source.Name && first.source.Kind == m.source.Kind &&
		slices.Equal(first.file.Header, m.file.Header) && first.mapping == m.mapping && len(first.file.Fields()) == len(m.file.Fields())
}

// has reports whether a file of the group has as many bytes as another.
func (g *group) has(path sourceFile) bool {
	info, err := os.Stat(path.file)
	return err == nil && slices.ContainsFunc(g.files, func(m *merge) bool { return m.file.Size() == info.Size() })
}

// load stores the rows of the group's files and accounts for them.
func (g *group) load() error {
	if len(g.files) == 0 {
		return nil
	}
	for _, m := range g.files {
		if err := m.describe(); errors.As(err, &m.refused) {
			m.file.Close()
		} else if err != nil {
			return err
		}
	}
	if err := g.files[0].widen(); err != nil {
		return err
	}
	if err := g.stream(g.files[0].insert); err != nil {
		return g.tooLarge(err)
	}
	for _, m := range g.files {
		m.inserted = true
	}
	return g.finish()
}

// tooLarge makes a refusal of what the store says of an amount that it cannot hold.
func (g *group) tooLarge(err error) error {
	if !strings.Contains(err.Error(), "Conversion Error") && !strings.Contains(err.Error(), "Out of Range Error") {
		return err
	}
	if len(g.files) > 1 {
		return fmt.Errorf("one of %s and %d more files has an amount that is more than an amount can be (100,000,000,000,000): load them one by one to see which", g.files[0].loaded.Path, len(g.files)-1)
	}
	g.files[0].refused = &refusal{"an amount is more than an amount can be (100,000,000,000,000) once discount or currency are reckoned in"}
	return g.finish()
}

// finish stores what the rows refer to, and accounts for each file.
func (g *group) finish() error {
	if err := g.flush(); err != nil {
		return err
	}
	for _, m := range g.files {
		if err := m.finish(); err != nil {
			return fmt.Errorf("load %s: %w", m.loaded.Path, err)
		}
	}
	return nil
}

func (m *merge) finish() error {
	if err := m.stageRejects(); err != nil {
		return err
	}
	switch {
	case m.unfit != nil:
		return m.takeOut() // its source says what becomes of it
	case m.refused != nil:
		return m.refuse(m.refused)
	}
	m.loaded.State = StateLoaded
	m.loaded.Accepted = m.loaded.Read - m.loaded.Rejected
	m.kinds[m.source.Kind] = true
	if err := m.fix(); err != nil {
		return err
	}
	return m.account()
}

// part is a chunk of a file.
type part struct {
	of    *merge
	chunk *ingest.Chunk
}

// stream runs script over the rows of the files, which it finds under the name
// incoming_rows with the number of their batch: once or, when much repeats, several
// times over parts of them.
func (g *group) stream(script func() error) error {
	ctx, cancel := context.WithCancelCause(g.ctx)
	defer cancel(nil)
	parts := make(chan part, 4)
	go func() {
		defer close(parts)
		for _, m := range g.files {
			if m.refused == nil && !m.read(ctx, parts) {
				return
			}
		}
	}()
	fields := append(g.files[0].file.Fields(), table.Field{Name: "batch", Kind: table.Int})
	var err error
	for first := true; err == nil && (first || g.more); first = false {
		g.more = false
		err = g.db.Stream(g.ctx, "incoming_rows", fields, func() (*table.Table, error) { return g.next(parts) }, script)
		if err == nil && g.more {
			err = g.flush()
		}
	}
	cancel(err)
	for range parts { // let the producer see that nobody reads any more
	}
	if cause := ended(g.ctx); cause != nil {
		return cause
	}
	return err
}

// read sends the chunks of the file, and finds out at its end whether it is fit. It
// reports whether the next file may follow.
func (m *merge) read(ctx context.Context, parts chan<- part) bool {
	defer m.writer.stage("load "+m.loaded.Path, 0)()
	err := m.file.Load(ctx, func(c *ingest.Chunk) error { return m.take(ctx, c, parts) })
	if ctx.Err() != nil {
		return false
	}
	m.loaded.Rejected = int64(len(m.rejects))
	missing := m.fold.MissingRates() // before the next file adds its own
	unknown, data := (*ingest.UnknownStatus)(nil), (*ingest.Unfit)(nil)
	switch {
	case errors.As(err, &m.refused):
	case errors.As(err, &data):
		m.refused = &refusal{data.Error()}
	case errors.As(err, &unknown):
		m.refused = &refusal{unknown.Error()}
	case err != nil: // cut off, damaged, or not what its beginning promised
		m.unfit = &unreadable{err}
	case missing != "":
		m.refused = &refusal{missing}
	default:
		m.refused = m.tooManyRejects()
	}
	m.loaded.Notes = append(m.loaded.Notes, m.late()...)
	return true
}

func (m *merge) take(ctx context.Context, c *ingest.Chunk, parts chan<- part) error {
	m.loaded.Read += int64(c.Read)
	m.rejects = append(m.rejects, c.Rejects...)
	m.advance("load "+m.loaded.Path, m.loaded.Read, 0)
	if n := len(m.rejects); n > maxRejects && !m.allowRejects && float64(n) > m.Config.Rejects.Limit*float64(m.loaded.Read) {
		return &refusal{fmt.Sprintf("%d of the first %d rows are bad: reading stopped there", n, m.loaded.Read)}
	}
	select {
	case parts <- part{m, c}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// next is the next chunk for the store, or io.EOF at the end of the files or of a
// part of them.
func (g *group) next(parts <-chan part) (*table.Table, error) {
	if g.side > maxSide {
		g.more = true
		return nil, io.EOF
	}
	for p := range parts {
		g.keep(p)
		if n := p.chunk.Table.Rows(); n > 0 {
			batch := table.NewColumn(table.Field{Name: "batch", Kind: table.Int}, n)
			for i := range batch.Ints {
				batch.Ints[i] = int64(p.of.loaded.Batch)
			}
			return table.New(append(slices.Clone(p.chunk.Table.Columns()), batch)...), nil
		}
	}
	if err := ended(g.ctx); err != nil {
		return nil, err
	}
	return nil, io.EOF
}

// keep holds what a chunk tells besides its rows.
func (g *group) keep(p part) {
	for _, s := range []struct {
		t  *table.Table
		to *[]*table.Table
	}{{p.chunk.People, &g.people}, {p.chunk.Cards, &g.cards}, {p.chunk.Terms, &g.terms}, {p.chunk.Articles, &g.articles}} {
		if s.t == nil || s.t.Rows() == 0 {
			continue
		}
		*s.to = append(*s.to, s.t)
		for _, column := range s.t.Columns() {
			g.side += 8*column.Len() + len(column.Texts.Bytes)
		}
	}
	if p.chunk.Repeated.Len() > 0 {
		g.repeat(p.of.source, &p.chunk.Repeated)
	}
}

// flush stores what the rows refer to.
func (g *group) flush() error {
	m := g.files[0]
	for _, s := range []struct {
		name   string
		fields []table.Field
		tables *[]*table.Table
	}{
		{"people", ingest.PeopleFields(), &g.people},
		{"cards", ingest.CardFields(), &g.cards},
		{"terms", ingest.TermFields(), &g.terms},
		{"articles", ingest.ArticleFields(), &g.articles},
	} {
		if len(*s.tables) == 0 {
			continue
		}
		if err := g.store(m, s.name, s.fields, *s.tables); err != nil {
			return err
		}
		*s.tables = nil
	}
	g.side = 0
	return nil
}

// store puts what rows refer to into its table, as it comes, or once more sorted out
// where the reader may have told of it twice.
func (g *group) store(m *merge, name string, fields []table.Field, tables []*table.Table) error {
	script := func() error { return m.script(name) }
	if !m.fold.Forgets() {
		return g.db.Stream(g.ctx, "arrived_"+name, fields, duck.Each(tables), script)
	}
	if err := g.db.Load(g.ctx, "arrived_"+name, "DISTINCT *", fields, duck.Each(tables)); err != nil {
		return err
	}
	return errors.Join(script(), g.db.Exec(g.ctx, "DROP TABLE IF EXISTS temp.arrived_"+name))
}
