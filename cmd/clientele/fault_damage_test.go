package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// flip changes one bit of a file.
func flip(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1 << (at % 8)
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}

// flippedByte changes one bit of the store, in one 4 KiB after another, of a run,
// of a list and of the key: clientele verify names the file and both hashes, in JSON
// too, and no command that makes something of it goes on.
func (f *faults) flippedByte(t *testing.T) {
	store := filepath.Join(f.from, "clientele.duckdb")
	info, err := os.Stat(store)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(4, 4))
	var pages []int64
	for at := int64(0); at < info.Size(); at += 4096 {
		pages = append(pages, min(at+random.Int64N(4096), info.Size()-1))
	}
	makers := slices.DeleteFunc(deeds(), func(d deed) bool { return d.name == "export" || d.name == "rebuild" }) // one reads no store, the other mends it
	for i, at := range picked(random, pages, *faultFlips) {
		shop := f.copy(t)
		flip(t, filepath.Join(shop, "clientele.duckdb"), at)
		before, err := os.ReadFile(filepath.Join(shop, "clientele.duckdb"))
		if err != nil {
			t.Fatal(err)
		}
		d := makers[i%len(makers)]
		refuses(t, shop, fmt.Sprintf("byte %d of the store", at), d.in(shop), "clientele.duckdb")
		refuses(t, shop, fmt.Sprintf("byte %d of the store", at), []string{"-C", shop, "verify", "-q"}, "clientele.duckdb: changed")
		if !bytes.Equal(before, read(t, shop, "clientele.duckdb")) {
			t.Errorf("byte %d of the store: %s changed the store", at, d.name)
		}
		if i == 0 {
			must(t, "-C", shop, "rebuild", "--forget", "-q")
			must(t, "-C", shop, "run", "-q")
			must(t, "-C", shop, "verify", "-q")
		}
	}
	// What a run takes from an earlier one: its report follows segments from there.
	shop := f.copy(t)
	flip(t, filepath.Join(shop, "exports/as_of=2024-04-30/segment_members.parquet"), 900)
	refuses(t, shop, "segments of an earlier run", f.rehearsed["run"](t).in(shop), "exports/as_of=2024-04-30/segment_members.parquet")
	for _, name := range []string{"exports/as_of=2024-04-30/scores.parquet", "exports/as_of=2024-04-30/report.zh.html", "exports/as_of=2024-04-30/manifest.json", "lists/2024-04-30-1/members.parquet", "lists/2024-04-30-1/manifest.json", "clientele.key", "clientele.duckdb.sha256"} {
		shop := f.copy(t)
		flip(t, filepath.Join(shop, name), 40)
		refuses(t, shop, name, []string{"-C", shop, "verify", "-q"}, name[:min(len(name), 16)])
	}
}

// refuses runs a command that must fail in one line that names the file.
func refuses(t *testing.T, shop, how string, args []string, named string) {
	t.Helper()
	var errOut bytes.Buffer
	cmd := child(t, args...)
	cmd.Stderr = &errOut
	cmd.Run()
	if cmd.ProcessState.ExitCode() != exitFailed || !strings.Contains(errOut.String(), filepath.Join(shop, named)) || strings.Count(errOut.String(), "\n") != 1 {
		t.Errorf("%s, %v: exit status %d, %q", how, args, cmd.ProcessState.ExitCode(), &errOut)
	}
}

// verifyJSON reads what verify says of damage as a program does.
func (f *faults) verifyJSON(t *testing.T) {
	shop := f.copy(t)
	flip(t, filepath.Join(shop, "clientele.duckdb"), 50_000)
	if err := os.Remove(filepath.Join(shop, "exports", "current", "models.parquet")); err != nil {
		t.Fatal(err)
	}
	out, _ := child(t, "-C", shop, "verify", "--format", "json").Output()
	var rows []struct {
		Part, Path, State, Expected, Found string
		Files, Bytes                       int64
	}
	if err := json.Unmarshal(out, &rows); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got := map[string]string{}
	for _, r := range rows {
		name, _ := filepath.Rel(shop, r.Path)
		got[name] = r.State
		if r.State == "changed" && r.Bytes == 0 {
			t.Errorf("of no size: %+v", r)
		}
		if r.State == "changed" && (len(r.Expected) < 32 || len(r.Found) != len(r.Expected) || r.Expected == r.Found) {
			t.Errorf("%+v", r)
		}
	}
	want := map[string]string{"clientele.duckdb": "changed", "exports/as_of=2024-04-30/models.parquet": "missing", "lists/2024-04-30-1": "whole", "clientele.key": "not compared"}
	for name, state := range want {
		if got[name] != state {
			t.Errorf("%s is %q, not %q: %s", name, got[name], state, out)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s", out)
	}
}

// TestClocks scores days by clocks and in places of all kinds: a run of one day is the
// same whenever and wherever it is made, and latest is the last day of the facts.
func TestClocks(t *testing.T) {
	t.Parallel()
	zones := []string{"Europe/Berlin", "America/New_York", "Asia/Shanghai", "Pacific/Apia", "Australia/Lord_Howe"}
	for i := range *faultClocks {
		place, err := time.LoadLocation(zones[i%len(zones)])
		if err != nil {
			t.Fatal(err)
		}
		from := filepath.Join(t.TempDir(), "shop")
		put(t, filepath.Join(from, "clientele.yaml"), "timezone: "+place.String()+"\n")
		put(t, filepath.Join(from, "orders.csv"), clockOrders())
		moment := func(y int, m time.Month, d, h, min int) time.Time { return time.Date(y, m, d, h, min, 0, 0, place) }
		at(t, moment(2024, 12, 1, 12, 0), from, "ingest", "orders", filepath.Join(from, "orders.csv"))
		moments := []time.Time{
			moment(2025, 3, 30, 2, 30),                // an hour that Berlin does not have
			moment(2025, 11, 2, 1, 30).Add(time.Hour), // an hour that New York has twice
			moment(2024, 12, 2, 0, 0),                 // midnight
			moment(2024, 12, 2, 0, 0).Add(-1),         // just before
			moment(2028, 2, 29, 12, 0).In(time.UTC),   // a leap day, by another clock
			time.Date(2099, 12, 31, 23, 59, 59, 0, time.UTC),
		}
		days := []string{"2024-02-29", "2024-03-31", "2024-11-03", "latest"}
		var first map[string]string
		for _, k := range []int{i % len(moments), (i + 2) % len(moments), (i + 4) % len(moments)} {
			shop := filepath.Join(t.TempDir(), "shop")
			copyShop(t, shop, from)
			for _, day := range []string{days[i%3], days[3]} {
				at(t, moments[k], shop, "score", "--as-of", day)
			}
			state, err := digests(shop)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = state
				if _, ok := first["exports/as_of=2024-11-28/scores.parquet"]; !ok {
					t.Fatalf("latest is not the last day of the facts: %v", first)
				}
			}
			if other := differences(first, state); len(other) > 0 {
				t.Errorf("%s, scored at %v: other than at first: %v", place, moments[k], other)
			}
		}
		// today and yesterday are days of the business, whatever the clock's own zone is.
		wordOf := []struct {
			moment           time.Time
			today, yesterday string
		}{
			{moment(2024, 11, 11, 0, 0), "2024-11-11", "2024-11-10"},
			{moment(2024, 3, 1, 0, 0).Add(-1), "2024-02-29", "2024-02-28"},
			{moment(2024, 11, 4, 0, 0).Add(-1).In(time.UTC), "2024-11-03", "2024-11-02"},
			{moment(2024, 10, 27, 12, 0).In(time.UTC), "2024-10-27", "2024-10-26"},
		}[i%4]
		at(t, wordOf.moment, from, "score", "--as-of", "today")
		at(t, wordOf.moment, from, "score", "--as-of", "yesterday")
		for _, day := range []string{wordOf.today, wordOf.yesterday} {
			if err := wholeRun(filepath.Join(from, "exports", "as_of="+day)); err != nil {
				t.Errorf("%s at %v: %v", place, wordOf.moment, err)
			}
		}
	}
}

// at runs clientele in a workspace at a moment.
func at(t *testing.T, now time.Time, shop string, args ...string) {
	t.Helper()
	var out, errOut bytes.Buffer
	if err := run(t.Context(), append([]string{"-q", "-C", shop}, args...), &out, &errOut, now); err != nil {
		t.Fatalf("%v at %v: %v: %s", args, now, err, &errOut)
	}
}

// clockOrders are orders on leap days, at both turns of the clocks and about midnight.
func clockOrders() string {
	var b strings.Builder
	fmt.Fprintln(&b, "order_id,customer,date,amount")
	n := 0
	for _, moment := range []string{
		"2024-02-28T23:59:59", "2024-02-29T00:00:00", "2024-02-29T23:59:59", "2024-03-01T00:00:00",
		"2024-03-10T02:30:00", "2024-03-31T02:30:00", "2024-03-31T01:59:59", "2024-03-31T03:00:00",
		"2024-10-27T02:30:00", "2024-11-03T01:30:00", "2024-11-03T00:00:00", "2024-11-28T12:00:00", "2024-06-15T12:00:00",
	} {
		for c := range 7 {
			n++
			fmt.Fprintf(&b, "o%d,c%d,%s,%d.50\n", n, (c*n)%9, moment, 10+n)
		}
	}
	return b.String()
}
