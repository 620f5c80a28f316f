package list

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// cut publishes a list of two small files.
func cut(t testing.TB, root, asOf string, m Manifest) List {
	t.Helper()
	f, err := Begin(root, asOf)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int64{}
	for i, name := range []string{MembersName, RemovedName} {
		if err := os.WriteFile(f.File(name), []byte(name+f.ID), 0o666); err != nil {
			t.Fatal(err)
		}
		rows[name] = int64(i + 1)
	}
	m.AsOf = asOf
	l, err := f.Publish(m, rows)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func ids(t testing.TB, root string) string {
	t.Helper()
	lists, err := All(root)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range lists {
		state := ""
		if l.Cancelled != nil {
			state = " (" + l.Cancelled.Reason + ")"
		}
		out = append(out, l.ID+state)
	}
	return strings.Join(out, ", ")
}

func TestListsAreCutInTurn(t *testing.T) {
	root := filepath.Join(t.TempDir(), "lists")
	if got := ids(t, root); got != "" {
		t.Errorf("before the first: %s", got)
	}
	for range 10 {
		cut(t, root, "2026-05-31", Manifest{Segment: "A"})
	}
	eleventh := cut(t, root, "2026-05-31", Manifest{Segment: "B", Campaign: "c"})
	cut(t, root, "2026-04-30", Manifest{})
	if got := ids(t, root); !strings.HasPrefix(got, "2026-04-30-1, 2026-05-31-1, 2026-05-31-2,") || !strings.HasSuffix(got, "2026-05-31-9, 2026-05-31-10, 2026-05-31-11") {
		t.Error(got)
	}
	l, err := Open(root, eleventh.ID)
	if err != nil || l.Segment != "B" || l.Campaign != "c" || l.Files[0].Name != MembersName || l.Files[0].Rows != 1 || l.Files[1].Rows != 2 {
		t.Errorf("%+v, %v", l, err)
	}
	if err := Verify(l); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(l.File(RemovedName), []byte("other"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Verify(l); err == nil || !strings.Contains(err.Error(), "removed.parquet was changed") {
		t.Error(err)
	}
	var missing *NotFoundError
	if _, err := Open(root, "2026-05-31-12"); !errors.As(err, &missing) {
		t.Error(err)
	}
}

func TestCancelAndReplace(t *testing.T) {
	root := filepath.Join(t.TempDir(), "lists")
	a := cut(t, root, "2026-05-31", Manifest{})
	b := cut(t, root, "2026-05-31", Manifest{Replaces: a.ID})
	if got := ids(t, root); got != "2026-05-31-1 (replaced by 2026-05-31-2), 2026-05-31-2" {
		t.Error(got)
	}
	if err := Cancel(b, "wrong text", time.Date(2026, 6, 1, 8, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	// Who replaced another one and is cancelled does not bring it back.
	if got := ids(t, root); got != "2026-05-31-1 (replaced by 2026-05-31-2), 2026-05-31-2 (wrong text)" {
		t.Error(got)
	}
	again, err := Open(root, b.ID)
	if err != nil || again.Cancelled.At != "2026-06-01T08:00:00Z" {
		t.Errorf("%+v, %v", again, err)
	}
	if err := Verify(again); err != nil {
		t.Error(err)
	}
	if err := Cancel(again, "twice", time.Time{}); err == nil {
		t.Error("cancelled twice")
	}
}

func TestDamagedListsAreNamed(t *testing.T) {
	for name, text := range map[string]string{"no JSON": "{", "another one's": `{"format": 1, "list_id": "2026-05-31-7"}`, "newer": `{"format": 2, "list_id": "2026-05-31-1"}`} {
		root := filepath.Join(t.TempDir(), "lists")
		l := cut(t, root, "2026-05-31", Manifest{})
		if err := os.WriteFile(l.File(ManifestName), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := All(root); err == nil || !strings.Contains(err.Error(), "list 2026-05-31-1 is damaged") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is not finished is not there, and the next list clears it away.
func TestUnfinished(t *testing.T) {
	root := filepath.Join(t.TempDir(), "lists")
	f, err := Begin(root, "2026-05-31")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.File(MembersName), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Publish(Manifest{}, map[string]int64{MembersName: 0, RemovedName: 0}); err == nil {
		t.Error("published without all of its files")
	}
	if got := ids(t, root); got != "" {
		t.Error(got)
	}
	l := cut(t, root, "2026-05-31", Manifest{})
	entries, err := os.ReadDir(root)
	if err != nil || len(entries) != 1 || entries[0].Name() != l.ID {
		t.Errorf("left: %v, %v", entries, err)
	}
	if _, err := Begin(root, "yesterday"); err == nil {
		t.Error("a list of no day")
	}
}

func TestWaterfallAddsUp(t *testing.T) {
	steps := Waterfall(100, map[string]int64{StepReach: 10, StepConsent: 20, StepControl: 7, StepLimit: 3})
	if len(steps) != len(StepCodes())-1 || steps[0].Left != 100 || steps[len(steps)-1].Left != 60 {
		t.Errorf("%+v", steps)
	}
	for i, s := range steps {
		if s.En == s.Step || s.Zh == "" || i > 0 && s.Left != steps[i-1].Left-s.Fell {
			t.Errorf("%+v", s)
		}
	}
	if steps := Waterfall(5, map[string]int64{StepUnknown: 1}); steps[1].Step != StepUnknown || steps[1].Left != 4 {
		t.Errorf("%+v", steps)
	}
	if en, zh := StepWords("nothing"); en != "nothing" || zh != "nothing" {
		t.Error(en, zh)
	}
}

func TestIDs(t *testing.T) {
	for id, want := range map[string]string{"2026-05-31-1": "2026-05-31 1 true", "2026-05-31-010": "false", "2026-05-31": "false", "2026-02-30-1": "false", ".unfinished-2026-05-31-1": "false", "x": "false", "2026-05-31-0": "false"} {
		day, n, ok := parseID(id)
		got := fmt.Sprint(ok)
		if ok {
			got = fmt.Sprintf("%s %d %v", day, n, ok)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}

func TestChannelOf(t *testing.T) {
	for text, want := range map[string]string{
		"Email": "email", " E-Mail ": "email", "ＥＤＭ": "email", "短信": "sms", "SMS": "sms", "电话": "phone", "Direct Mail": "post", "WeChat": ElsewhereChannel, "": "", "spring sale": "",
	} {
		if got := ChannelOf(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
