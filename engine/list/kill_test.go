package list

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// The kill test runs this binary again as the process to be killed.
const dirKey = "CLIENTELE_TEST_LISTS"

func TestMain(m *testing.M) {
	if root := os.Getenv(dirKey); root != "" {
		fmt.Println(cutLists(root))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// content is what both files of a list hold.
func content(id string) []byte { return bytes.Repeat([]byte(id+"\n"), 20_000) }

// cutLists cuts one list after another, each in the place of the one before, until
// it is killed.
func cutLists(root string) error {
	fmt.Println("ready")
	for {
		lists, err := All(root)
		if err != nil {
			return err
		}
		m := Manifest{AsOf: "2026-05-31"}
		if len(lists) > 0 {
			m.Replaces = lists[len(lists)-1].ID
		}
		f, err := Begin(root, m.AsOf)
		if err != nil {
			return err
		}
		for _, name := range []string{MembersName, RemovedName} {
			if err := os.WriteFile(f.File(name), content(f.ID), 0o666); err != nil {
				return err
			}
		}
		l, err := f.Publish(m, map[string]int64{MembersName: 1, RemovedName: 2})
		if err != nil {
			return err
		}
		if l.Treated%3 == 0 {
			if err := Cancel(l, "to see whether that is whole", time.Unix(0, 0)); err != nil {
				return err
			}
		}
	}
}

// Killed at any instant, every list is whole or not there, and all but the last
// one are cancelled.
func TestKillWhileCutting(t *testing.T) {
	root := filepath.Join(t.TempDir(), "lists")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for range 3 { // how long a list takes on this disk
		f, err := Begin(filepath.Join(t.TempDir(), "lists"), "2026-05-31")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.File(MembersName), append(content(f.ID), content(f.ID)...), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Publish(Manifest{}, map[string]int64{MembersName: 1}); err != nil {
			t.Fatal(err)
		}
	}
	span := max(time.Since(began)/3, 10*time.Millisecond)
	seeded := rand.New(rand.NewPCG(5, 6))
	kills, last, unfinished := 30, 0, 0
	if testing.Short() {
		kills = 5
	}
	i := 0
	proved := func() bool { return last >= kills/5 && unfinished > 0 }
	for ; i < kills || !proved() && i < 10*kills; i++ {
		if i > 0 && i%kills == 0 {
			span *= 2 // the machine is busier than when the span was taken
		}
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), dirKey+"="+root)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		word := make([]byte, 500)
		n, _ := out.Read(word)
		if string(word[:n]) != "ready\n" {
			t.Fatalf("the helper says %q", word[:n])
		}
		time.Sleep(time.Duration(seeded.Int64N(int64(4 * span))))
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
			t.Fatalf("the helper ended by itself: %v", err)
		}
		entries, _ := os.ReadDir(root)
		for _, e := range entries {
			if _, _, ok := parseID(e.Name()); !ok {
				unfinished++
			}
		}
		last = wholeLists(t, root, last)
	}
	if !proved() {
		t.Errorf("%d lists, %d kills left an unfinished one: the test proves nothing", last, unfinished)
	}
	if err := Sweep(root); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(root); err != nil || len(entries) != last {
		t.Errorf("%d entries, %d lists, %v", len(entries), last, err)
	}
	t.Logf("%d kills, %d lists, %d unfinished", i, last, unfinished)
}

// wholeLists checks every list beyond the first seen ones and returns how many
// there are.
func wholeLists(t *testing.T, root string, seen int) int {
	t.Helper()
	lists, err := All(root)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range lists {
		if i < len(lists)-1 && l.Cancelled == nil {
			t.Fatalf("list %s is not replaced", l.ID)
		}
		if i < seen {
			continue
		}
		if err := Verify(l); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{MembersName, RemovedName} {
			if text, err := os.ReadFile(l.File(name)); err != nil || !bytes.Equal(text, content(l.ID)) {
				t.Fatalf("%s of list %s: %d bytes, %v", name, l.ID, len(text), err)
			}
		}
	}
	if len(lists) < seen {
		t.Fatalf("%d lists after %d", len(lists), seen)
	}
	return len(lists)
}

// Whoever reads while lists are cut sees each of them whole, or not at all.
func TestReadWhileCutting(t *testing.T) {
	root := filepath.Join(t.TempDir(), "lists")
	text := bytes.Repeat([]byte("somebody\n"), 1<<17) // a megabyte: it takes a while to write
	cut := func() error {
		f, err := Begin(root, "2026-05-31")
		if err != nil {
			return err
		}
		rows := map[string]int64{}
		for _, name := range []string{MembersName, RemovedName} {
			if err := os.WriteFile(f.File(name), text, 0o666); err != nil {
				return err
			}
			rows[name] = 1 << 17
		}
		_, err = f.Publish(Manifest{AsOf: "2026-05-31"}, rows)
		return err
	}
	ended := make(chan error, 1)
	const enough = 5
	var looks atomic.Int64
	go func() {
		var err error
		for i := 0; (i < 25 || looks.Load() < enough && i < 1000) && err == nil; i++ {
			err = cut()
		}
		ended <- err
	}()
	seen := 0
	for {
		lists, err := All(root)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lists[min(seen, len(lists)):] {
			if err := Verify(l); err != nil {
				t.Fatal(err)
			}
		}
		if len(lists) > seen {
			looks.Add(1)
		}
		seen = len(lists)
		select {
		case err := <-ended:
			if err != nil || looks.Load() < enough {
				t.Errorf("%v; %d looks found a new list", err, looks.Load())
			}
			return
		default:
		}
	}
}
