// Package modelstest holds the promises that every model keeps: scores do not
// depend on chunks, order of rows, goroutines or on what the columns held
// before; what was learned survives JSON; rows without values teach nothing.
//
// A model's test calls Run with a table that looks like real customers:
//
//	modelstest.Run(t, &rfm.Model{}, customers)
package modelstest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"

	"clientele/engine/table"
	"clientele/models"
)

// Loader is a Model that restores what a Fit learned from the JSON of that
// Fitted. The Model has the settings the fit was made with.
type Loader interface {
	Load(data []byte) (models.Fitted, error)
}

// Promise is one property that Run checks, in a subtest of that name.
type Promise string

// The promises.
const (
	Described  Promise = "described"   // the Spec and the Report are complete and well-formed
	Columns    Promise = "columns"     // Score writes every value of the Out columns and nothing else
	Valid      Promise = "valid"       // codes have labels, probabilities are in [0,1], nothing is infinite
	Untouched  Promise = "untouched"   // Fit and Score leave their input as it was
	Refit      Promise = "refit"       // fitting again gives the same scores and JSON
	Chunks     Promise = "chunks"      // scoring in chunks equals scoring whole
	Permuted   Promise = "permuted"    // permuted rows give permuted scores
	Concurrent Promise = "concurrent"  // scoring on several goroutines equals scoring on one (run with -race)
	SavesJSON  Promise = "json"        // a Fitted read back from its JSON scores the same
	Missing    Promise = "missing"     // rows without values get missing scores, change no other row, and teach Fit nothing
	WrongTable Promise = "wrong table" // a table without a column of the Spec is an error, not a panic
	Tiny       Promise = "tiny"        // no row and one row are fitted and scored without error
)

// Run checks every promise of m on the rows of in, but for those excepted; a
// test that excepts one says why. in has the Spec's In columns, may have others,
// and should have at least some hundred rows of which most have values.
func Run(t *testing.T, m models.Model, in *table.Table, except ...Promise) {
	t.Helper()
	skip := map[Promise]bool{}
	for _, p := range except {
		skip[p] = true
	}
	if in.Rows() < 20 {
		t.Fatalf("modelstest: %d rows are too few to show anything", in.Rows())
	}
	for _, p := range promises() {
		if skip[p.name] {
			continue
		}
		t.Run(string(p.name), func(t *testing.T) {
			if err := p.check(t.Context(), m, in); err != nil {
				if errors.Is(err, errNoLoader) {
					t.Skip(err)
				}
				t.Error(err)
			}
		})
	}
}

// near is how far refits on the same customers in another order may differ:
// sums in another order end in other last digits, and so do optima.
const near = 1e-6

var errNoLoader = errors.New("the model has no Load method")

type promise struct {
	name  Promise
	check func(ctx context.Context, m models.Model, in *table.Table) error
}

func promises() []promise {
	return []promise{
		{Described, described}, {Columns, columns}, {Valid, valid}, {Untouched, untouched}, {Refit, refit},
		{Chunks, chunks}, {Permuted, permuted}, {Concurrent, concurrent}, {SavesJSON, savesJSON},
		{Missing, missing}, {WrongTable, wrongTable}, {Tiny, tiny},
	}
}

func described(ctx context.Context, m models.Model, in *table.Table) error {
	s := m.Spec()
	if s.Name == "" || s.Doc == "" {
		return errors.New("method Spec has no Name or no Doc")
	}
	if !reflect.DeepEqual(s, m.Spec()) {
		return errors.New("method Spec differs between two calls")
	}
	if len(s.Out) == 0 {
		return errors.New("method Spec writes no column")
	}
	seen := map[string]bool{}
	for _, f := range append(append([]table.Field{}, s.In...), s.Out...) {
		if f.Name == "" || seen[f.Name] {
			return fmt.Errorf("column %q has no name or occurs twice in the Spec", f.Name)
		}
		seen[f.Name] = true
	}
	for _, f := range s.Out {
		if f.Doc == "" || f.DocZh == "" {
			return fmt.Errorf("column %s has no meaning in English or in Chinese", f.Name)
		}
		if f.Kind == table.Float && f.Unit == "" {
			return fmt.Errorf("column %s has no unit", f.Name)
		}
		if (f.Kind == table.Category) != (len(f.Labels) > 0) {
			return fmt.Errorf("column %s: labels belong to categories, and every category has them", f.Name)
		}
		labels := map[string]bool{}
		for _, l := range f.Labels {
			if l == "" || labels[l] {
				return fmt.Errorf("column %s: label %q is empty or occurs twice", f.Name, l)
			}
			labels[l] = true
		}
	}
	f, err := m.Fit(ctx, in)
	if err != nil {
		return err
	}
	return reported(s, f.Report())
}

func reported(s models.Spec, r models.Report) error {
	if r.Model != s.Name {
		return fmt.Errorf("method Report is of model %q, Spec of %q", r.Model, s.Name)
	}
	switch r.Status {
	case models.Converged, models.Boundary, models.Fallback, models.Skipped, models.Fixed:
	default:
		return fmt.Errorf("method Report has unknown status %q", r.Status)
	}
	if r.Method == "" {
		return errors.New("method Report names no method")
	}
	if r.Rows < 0 || r.Iterations < 0 || math.IsInf(r.LogLikelihood, 0) {
		return fmt.Errorf("method Report has %d rows, %d iterations, log-likelihood %v", r.Rows, r.Iterations, r.LogLikelihood)
	}
	seen := map[string]bool{}
	for _, p := range r.Parameters {
		if p.Name == "" || seen[p.Name] {
			return fmt.Errorf("method Report: parameter %q has no name or occurs twice", p.Name)
		}
		seen[p.Name] = true
		if math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
			return fmt.Errorf("method Report: parameter %s is %v, which JSON cannot hold", p.Name, p.Value)
		}
	}
	for _, w := range r.Warnings {
		if w.Code == "" || w.En == "" || w.Zh == "" {
			return fmt.Errorf("method Report: warning %q lacks its code or one of its languages", w.Code)
		}
	}
	return nil
}

// columns scores into columns that hold one garbage and then another: a value
// that differs was not written.
func columns(ctx context.Context, m models.Model, in *table.Table) error {
	f, err := m.Fit(ctx, in)
	if err != nil {
		return err
	}
	var scored [2]*table.Table
	for k := range scored {
		dst := table.New()
		guard := table.NewColumn(table.Field{Name: "modelstest_guard", Kind: table.Float}, in.Rows())
		for i := range guard.Floats {
			guard.Floats[i] = float64(i)
		}
		dst.Add(guard)
		for _, c := range m.Spec().Make(in.Rows()).Columns() {
			garbage(c, k)
			dst.Add(c)
		}
		if err := f.Score(ctx, dst, in); err != nil {
			return err
		}
		if want := len(m.Spec().Out) + 1; len(dst.Columns()) != want {
			return fmt.Errorf("method Score added columns: %d, had %d", len(dst.Columns()), want)
		}
		for i, v := range guard.Floats {
			if v != float64(i) {
				return fmt.Errorf("method Score wrote row %d of a column that is not its own", i)
			}
		}
		scored[k] = dst
	}
	if err := same(scored[0], scored[1], 0); err != nil {
		return fmt.Errorf("scores depend on what the columns held before: %w", err)
	}
	// The engine may keep input and scores in one table.
	both := table.New(clone(in).Columns()...)
	for _, c := range m.Spec().Make(in.Rows()).Columns() {
		if both.Lookup(c.Name) != nil {
			return fmt.Errorf("column %s is written and in the input", c.Name)
		}
		both.Add(c)
	}
	if err := f.Score(ctx, both, both); err != nil {
		return err
	}
	whole, err := score(ctx, m, f, in)
	if err != nil {
		return err
	}
	return same(whole, both, 0)
}

func valid(ctx context.Context, m models.Model, in *table.Table) error {
	_, whole, err := fitScore(ctx, m, in)
	if err != nil {
		return err
	}
	for _, c := range whole.Columns() {
		some := false
		for i := range c.Len() {
			if c.Missing(i) {
				if c.Kind == table.Category && c.Codes[i] != -1 {
					return fmt.Errorf("column %s row %d: code %d, a missing category is -1", c.Name, i, c.Codes[i])
				}
				continue
			}
			some = true
			switch c.Kind {
			case table.Category:
				if int(c.Codes[i]) >= len(c.Labels) {
					return fmt.Errorf("column %s row %d: code %d has no label", c.Name, i, c.Codes[i])
				}
			case table.Float:
				v := c.Floats[i]
				if math.IsInf(v, 0) || c.Unit == "probability" && (v < 0 || v > 1) {
					return fmt.Errorf("column %s row %d: %v", c.Name, i, v)
				}
			}
		}
		if !some {
			return fmt.Errorf("column %s is missing in every row: the rows given show nothing", c.Name)
		}
	}
	return nil
}

func untouched(ctx context.Context, m models.Model, in *table.Table) error {
	before := clone(in)
	f, err := m.Fit(ctx, in)
	if err != nil {
		return err
	}
	if err := equal(before, in, 0); err != nil {
		return fmt.Errorf("method Fit changed its input: %w", err)
	}
	// A Fitted that kept the rows would change its mind when they change.
	first, err := score(ctx, m, f, before)
	if err != nil {
		return err
	}
	if err := equal(before, in, 0); err != nil {
		return fmt.Errorf("method Score changed its input: %w", err)
	}
	fitted := clone(in)
	g, err := m.Fit(ctx, fitted)
	if err != nil {
		return err
	}
	for _, c := range fitted.Columns() {
		garbage(c, 1)
	}
	second, err := score(ctx, m, g, before)
	if err != nil {
		return err
	}
	if err := same(first, second, 0); err != nil {
		return fmt.Errorf("the Fitted refers to the rows it was fitted on: %w", err)
	}
	return nil
}

func refit(ctx context.Context, m models.Model, in *table.Table) error {
	f, first, err := fitScore(ctx, m, in)
	if err != nil {
		return err
	}
	g, second, err := fitScore(ctx, m, in)
	if err != nil {
		return err
	}
	if err := same(first, second, 0); err != nil {
		return err
	}
	a, err := json.Marshal(f)
	if err != nil {
		return err
	}
	b, err := json.Marshal(g)
	if err != nil {
		return err
	}
	if !bytes.Equal(a, b) {
		return fmt.Errorf("JSON of two fits differs:\n%s\n%s", a, b)
	}
	return nil
}

func chunks(ctx context.Context, m models.Model, in *table.Table) error {
	f, whole, err := fitScore(ctx, m, in)
	if err != nil {
		return err
	}
	n := in.Rows()
	for _, size := range []int{1, 7, 64, n/2 + 1, n - 1} {
		dst := m.Spec().Make(n)
		// Last chunk first: order must not matter either.
		for i := (n - 1) / size * size; i >= 0; i -= size {
			j := min(i+size, n)
			if err := f.Score(ctx, dst.Slice(i, j), in.Slice(i, j)); err != nil {
				return fmt.Errorf("rows %d to %d: %w", i, j, err)
			}
		}
		if err := same(whole, dst, 0); err != nil {
			return fmt.Errorf("chunks of %d: %w", size, err)
		}
	}
	return nil
}

func permuted(ctx context.Context, m models.Model, in *table.Table) error {
	f, whole, err := fitScore(ctx, m, in)
	if err != nil {
		return err
	}
	order := rand.New(rand.NewPCG(1, 2)).Perm(in.Rows())
	shuffled, want := take(in, order), take(whole, order)
	got, err := score(ctx, m, f, shuffled)
	if err != nil {
		return err
	}
	if err := same(want, got, 0); err != nil {
		return err
	}
	_, got, err = fitScore(ctx, m, shuffled)
	if err != nil {
		return err
	}
	if err := same(want, got, near); err != nil {
		return fmt.Errorf("fitted on permuted rows: %w", err)
	}
	return nil
}

func concurrent(ctx context.Context, m models.Model, in *table.Table) error {
	f, whole, err := fitScore(ctx, m, in)
	if err != nil {
		return err
	}
	const workers = 8
	n := in.Rows()
	dst := m.Spec().Make(n)
	size := (n + workers - 1) / workers
	var wg sync.WaitGroup
	errs := make([]error, workers)
	for w := range workers {
		wg.Go(func() {
			i, j := min(w*size, n), min((w+1)*size, n)
			errs[w] = f.Score(ctx, dst.Slice(i, j), in.Slice(i, j))
			f.Report()
			if _, err := json.Marshal(f); err != nil {
				errs[w] = errors.Join(errs[w], err)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return same(whole, dst, 0)
}

func savesJSON(ctx context.Context, m models.Model, in *table.Table) error {
	f, whole, err := fitScore(ctx, m, in)
	if err != nil {
		return err
	}
	saved, err := json.Marshal(f)
	if err != nil {
		return err
	}
	loader, ok := m.(Loader)
	if !ok {
		return errNoLoader
	}
	g, err := loader.Load(saved)
	if err != nil {
		return fmt.Errorf("%w in %s", err, saved)
	}
	got, err := score(ctx, m, g, in)
	if err != nil {
		return err
	}
	if err := same(whole, got, 0); err != nil {
		return err
	}
	again, err := json.Marshal(g)
	if err != nil {
		return err
	}
	if !bytes.Equal(saved, again) {
		return fmt.Errorf("JSON changes when it is read and written:\n%s\n%s", saved, again)
	}
	if err := reported(m.Spec(), g.Report()); err != nil {
		return fmt.Errorf("read back from JSON: %w", err)
	}
	if g, err := loader.Load([]byte(`{"no_such_key": 1}`)); err == nil {
		return fmt.Errorf("method Load made %v of JSON that is not a fit", g)
	}
	return nil
}

func missing(ctx context.Context, m models.Model, in *table.Table) error {
	f, whole, err := fitScore(ctx, m, in)
	if err != nil {
		return err
	}
	// Between any five customers stands one of whom nothing is known.
	var rows []int
	empty := map[int]bool{}
	var kept []int
	for i := range in.Rows() {
		if i%5 == 0 {
			empty[len(rows)] = true
			rows = append(rows, i)
		}
		kept = append(kept, len(rows))
		rows = append(rows, i)
	}
	holed := take(in, rows)
	for _, field := range m.Spec().In {
		c := holed.Column(field.Name)
		for i := range empty {
			clear1(c, i)
		}
	}
	got, err := score(ctx, m, f, holed)
	if err != nil {
		return err
	}
	for _, c := range got.Columns() {
		for i := range empty {
			if !c.Missing(i) {
				return fmt.Errorf("column %s has a value in row %d, of which nothing is known", c.Name, i)
			}
		}
	}
	if err := same(whole, take(got, kept), 0); err != nil {
		return fmt.Errorf("rows without values change others: %w", err)
	}
	g, again, err := fitScore(ctx, m, holed)
	if err != nil {
		return fmt.Errorf("fit with rows without values: %w", err)
	}
	if err := same(whole, take(again, kept), near); err != nil {
		return fmt.Errorf("rows without values change the fit: %w", err)
	}
	if a, b := f.Report().Rows, g.Report().Rows; a != b {
		return fmt.Errorf("rows without values are counted: %d rows in the report, %d without them", b, a)
	}
	return nil
}

func wrongTable(ctx context.Context, m models.Model, in *table.Table) (err error) {
	f, err := m.Fit(ctx, in)
	if err != nil {
		return err
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	for _, field := range m.Spec().In {
		less := table.New()
		for _, c := range in.Columns() {
			if c.Name != field.Name {
				less.Add(c)
			}
		}
		// A table keeps its number of rows when its only column is left out.
		less.Add(table.NewColumn(table.Field{Name: "modelstest_other"}, in.Rows()))
		if _, err := m.Fit(ctx, less); err == nil {
			return fmt.Errorf("method Fit without column %s is no error", field.Name)
		}
		if err := f.Score(ctx, m.Spec().Make(in.Rows()), less); err == nil {
			return fmt.Errorf("method Score without column %s is no error", field.Name)
		}
	}
	return nil
}

func tiny(ctx context.Context, m models.Model, in *table.Table) error {
	whole, err := m.Fit(ctx, in)
	if err != nil {
		return err
	}
	for rows := range 2 {
		few := in.Slice(0, rows)
		f, scored, err := fitScore(ctx, m, few)
		if err != nil {
			return fmt.Errorf("%d rows: %w", rows, err)
		}
		if err := reported(m.Spec(), f.Report()); err != nil {
			return fmt.Errorf("%d rows: %w", rows, err)
		}
		for _, c := range scored.Columns() {
			for i := range c.Len() {
				if c.Kind == table.Float && math.IsInf(c.Floats[i], 0) {
					return fmt.Errorf("%d rows: column %s is infinite", rows, c.Name)
				}
			}
		}
		if _, err := json.Marshal(f); err != nil {
			return fmt.Errorf("%d rows: %w", rows, err)
		}
		if _, err := score(ctx, m, f, in); err != nil {
			return fmt.Errorf("fitted on %d rows, scoring all: %w", rows, err)
		}
		if _, err := score(ctx, m, whole, few); err != nil {
			return fmt.Errorf("scoring %d rows: %w", rows, err)
		}
	}
	return nil
}

func fitScore(ctx context.Context, m models.Model, in *table.Table) (models.Fitted, *table.Table, error) {
	f, err := m.Fit(ctx, in)
	if err != nil {
		return nil, nil, fmt.Errorf("fit: %w", err)
	}
	scored, err := score(ctx, m, f, in)
	return f, scored, err
}

func score(ctx context.Context, m models.Model, f models.Fitted, in *table.Table) (*table.Table, error) {
	dst := m.Spec().Make(in.Rows())
	if err := f.Score(ctx, dst, in); err != nil {
		return nil, fmt.Errorf("score: %w", err)
	}
	return dst, nil
}
