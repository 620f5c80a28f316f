package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
)

// What is taken of some customers while the orders of all are read is what reading theirs
// alone gives, whether or not as many bought as could have.
func TestSampledBeside(t *testing.T) {
	t.Parallel()
	e := &Engine{Dir: t.TempDir(), Config: config.Default(), Now: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)}
	seeded := rand.New(rand.NewPCG(9, 9))
	orders, customers := "order_id,customer_id,email,date,amount\n", "customer_id,email\n"
	for i := range 400 {
		customers += fmt.Sprintf("c%d,c%d@shop.example\n", i, i)
	}
	for i := range 1500 {
		who := seeded.IntN(250)
		id := fmt.Sprintf("c%d", who)
		if i%5 == 0 {
			id = "" // known by the address alone, which joins members
		}
		orders += fmt.Sprintf("%d,%s,c%d@shop.example,2026-0%d-1%d,%d\n", i, id, who, 1+seeded.IntN(6), seeded.IntN(10), 1+seeded.IntN(90))
	}
	var loadings []Loading
	for kind, text := range map[string]string{"orders": orders, "customers": customers} {
		if err := os.WriteFile(filepath.Join(e.Dir, kind+".csv"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		s := config.DefaultSource()
		s.Name, s.Kind, s.Path = kind, kind, []string{kind + ".csv"}
		loadings = append(loadings, Loading{Source: s})
	}
	slices.SortFunc(loadings, func(a, b Loading) int { return strings.Compare(a.Source.Name, b.Source.Name) })
	if _, err := e.Load(t.Context(), loadings); err != nil {
		t.Fatal(err)
	}
	day, err := ParseDay("2026-06-30")
	if err != nil {
		t.Fatal(err)
	}
	err = e.read(t.Context(), func(db *duck.DB) error {
		if err := ready(t.Context(), db, e.Config, day); err != nil {
			return err
		}
		for _, every := range []int64{1, 2, 3, 7, 1000} {
			if err := sameSample(t, t.Context(), db, e.Config, day, every); err != nil {
				return fmt.Errorf("one of %d: %w", every, err)
			}
		}
		for most, every := range map[int]int64{0: 1, 100: 3, 125: 2, 399: 1} {
			s, err := makeSummary(t.Context(), db, e.Config, day, most, func(int, int) error { return nil })
			if err != nil {
				return err
			}
			if s.every != every || s.sample.who.len() == 0 {
				t.Errorf("of %d at most one of %d is taken, want one of %d", most, s.every, every)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func sameSample(t *testing.T, ctx context.Context, db *duck.DB, cfg config.Config, day Day, every int64) error {
	t.Helper()
	r, err := newOrderReader(ctx, db, cfg, day)
	if err != nil {
		return err
	}
	who, err := r.people(1, func(int) error { return nil })
	if err != nil {
		return err
	}
	of := newSampling(who, every)
	if _, err := r.bought(who, of); err != nil {
		return err
	}
	got, err := of.buying(r.workers)
	if err != nil {
		return err
	}
	want, err := r.sample(who, every)
	if err != nil {
		return err
	}
	if !slices.Equal(got.who.person, want.who.person) || !reflect.DeepEqual(got.who.ids.Texts, want.who.ids.Texts) && want.who.len() > 0 {
		t.Errorf("one of %d: other customers", every)
	}
	for i := range want.who.person {
		from, to := want.of(i)
		at, end := got.of(i)
		if !slices.Equal(got.days[at:end], want.days[from:to]) || !slices.Equal(got.orders[at:end], want.orders[from:to]) || !slices.Equal(got.net[at:end], want.net[from:to]) {
			t.Errorf("one of %d: customer %d bought otherwise", every, i)
		}
	}
	all, err := db.Query(ctx, "SELECT member FROM identities")
	if err != nil {
		return err
	}
	for _, member := range all.Ints("member") {
		if got.who.of(member) != want.who.of(member) {
			t.Errorf("one of %d: member %d is another's", every, member)
		}
	}
	return nil
}

// A sample has no more customers than may be looked back on, and no more orders than so
// many may have.
func TestSampleRate(t *testing.T) {
	for _, c := range []struct {
		people, most int
		orders, want int64
	}{
		{1_000_000, 50_000, 10_000_000, 20},
		{50_000, 50_000, 2_500_000, 1},
		{50_001, 50_000, 100_000, 2},
		{100_000, 50_000, 100_000_000, 40}, // each has a thousand
		{0, 50_000, 0, 1},
		{1_000_000, 0, 100_000_000, 1}, // all are asked for
	} {
		if got := (&orderReader{orders: c.orders}).sampleRate(c.people, c.most); got != c.want {
			t.Errorf("%d people with %d orders, %d at most: one of %d, want %d", c.people, c.orders, c.most, got, c.want)
		}
	}
}
