package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clientele/engine"
	"clientele/engine/config"
)

// What earlier states of a shop teach about churn is not learned again while they say
// the same; the files of a night are to the byte those of one that learns all anew. A
// fact that comes late and tells of those states ends that.
func TestTaughtNights(t *testing.T) {
	t.Parallel()
	g := grow(300, 0)
	e := g.shop(t)
	e.Config.Churn.Model = config.Default().Churn.Model
	trains := func(ran engine.Ran) bool { return strings.Contains(stages(ran), "choose a churn score") }
	nights, learned := 0, 0
	come := func(what string, anew bool, rows map[string][]string) {
		t.Helper()
		bring(t, e, fmt.Sprintf("%02d", nights), rows)
		nights++
		other := copied(t, e) // with the runs of before, without what the night before noted
		if err := os.Remove(filepath.Join(other.Dir, engine.StateName)); err != nil && nights > 1 {
			t.Fatal(err)
		}
		ran := night(t, e, engine.Night{})
		if trains(ran) != anew {
			t.Errorf("%s: trains: %v, stages %s", what, trains(ran), stages(ran))
		}
		if trains(ran) {
			learned++
		}
		if again := night(t, other, engine.Night{}); !trains(again) {
			t.Errorf("%s: without notes nothing is learned: %s", what, stages(again))
		}
		sameExports(t, what, exported(t, e), exported(t, other))
	}
	come("the first night", true, g.nights[0])
	for _, days := range []int{1, 5} { // a Monday and a Saturday
		g.day = g.day.AddDate(0, 0, days)
		rows := map[string][]string{}
		for range 4 {
			g.order(rows, g.seeded.IntN(g.people), g.day)
		}
		g.order(rows, g.person(rows), g.day)
		g.order(rows, g.seeded.IntN(g.people), g.day.AddDate(0, 0, -2)) // late, but of no state that is looked back on
		g.refund(rows)
		come("of "+g.day.Format(time.DateOnly), false, rows)
	}
	rows := map[string][]string{}
	for range 20 {
		g.order(rows, g.seeded.IntN(g.people), g.day.AddDate(0, 0, -120))
	}
	come("what comes months late", true, rows)
	g.day = g.day.AddDate(0, 0, 1)
	rows = map[string][]string{}
	g.order(rows, 3, g.day)
	come("another week", true, rows)
	if learned != 3 {
		t.Errorf("%d of %d nights have learned", learned, nights)
	}
	if ran := night(t, e, engine.Night{Again: true}); !trains(ran) {
		t.Error("asked to do all again, a night has not")
	}
}

// A note that was damaged is not believed.
func TestDamagedLesson(t *testing.T) {
	t.Parallel()
	g := grow(300, 0)
	e := g.shop(t)
	e.Config.Churn.Model = config.Default().Churn.Model
	bring(t, e, "0", g.nights[0])
	night(t, e, engine.Night{})
	want := exported(t, e)
	note := filepath.Join(e.Dir, engine.StateName)
	text, err := os.ReadFile(note)
	if err != nil {
		t.Fatal(err)
	}
	before, after, found := strings.Cut(string(text), `\"customers\":`)
	if !found {
		t.Fatal("no score is noted")
	}
	if err := os.WriteFile(note, []byte(strings.Replace(before, `"scores":"`, `"scores":"0`, 1)+`\"customers\":1`+after), 0o666); err != nil {
		t.Fatal(err)
	}
	write(t, e, "orders/1.csv", grownHeaders["orders"]+"\nx1,,2026-03-01 12:00:00,unpaid,5.00,,2026-03-01 12:00:00\n") // nobody's, and not counted
	ran := night(t, e, engine.Night{})
	if !strings.Contains(stages(ran), "choose a churn score") {
		t.Errorf("stages %s", stages(ran))
	}
	got := exported(t, e)
	for name, hash := range want {
		if strings.HasSuffix(name, ".parquet") && got[name] != hash {
			t.Errorf("%s differs", name)
		}
	}
}
