package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Killed at any instant of cutting, a list is whole or not there, the file for
// people is whole or not there, and there is no file without its list.
func TestKillTarget(t *testing.T) {
	shop := freshShop(t)
	must(t, "-C", shop, "run", "-q")
	store := read(t, shop, "clientele.duckdb")
	file := filepath.Join(shop, "out.csv")
	words := []string{"-C", shop, "target", "--where", "orders >= 1", "--channel", "email", "--to", file, "-q"}
	began := time.Now()
	must(t, words...)
	span := time.Since(began)
	whole := read(t, file)
	seeded := rand.New(rand.NewPCG(8, 9))
	kills, cut := 12, 1
	if testing.Short() {
		kills = 3
	}
	for i := range kills {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		cmd := child(t, words...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(span/4 + time.Duration(seeded.Int64N(int64(span))))
		cmd.Process.Kill() // it may be over already
		cmd.Wait()
		lists := cutLists(t, shop)
		switch written, err := os.ReadFile(file); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil || !bytes.Equal(written, whole):
			t.Fatalf("kill %d: %d bytes of %d, %v", i, len(written), len(whole), err)
		case lists == cut:
			t.Fatalf("kill %d: a file without a list", i)
		}
		if lists < cut || lists > cut+1 {
			t.Fatalf("kill %d: %d lists after %d", i, lists, cut)
		}
		cut = lists
	}
	must(t, words...)
	if got := cutLists(t, shop); got != cut+1 {
		t.Errorf("%d lists after %d", got, cut)
	}
	if !bytes.Equal(read(t, file), whole) || !bytes.Equal(read(t, shop, "clientele.duckdb"), store) {
		t.Error("the file or the store is another one")
	}
	if left, err := leftovers(shop); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	t.Logf("%d kills within %v, %d lists", kills, span, cut)
}

// cutLists checks that every list is whole, and returns how many there are.
func cutLists(t *testing.T, shop string) int {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(shop, "lists"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		n++
		must(t, "-C", shop, "list", "show", e.Name(), "-q") // compares its files with the manifest
		var manifest struct {
			Treated int64
			Files   []struct{ Name string }
		}
		if err := json.Unmarshal(read(t, shop, "lists", e.Name(), "manifest.json"), &manifest); err != nil || manifest.Treated == 0 || len(manifest.Files) != 2 {
			t.Fatalf("list %s: %+v, %v", e.Name(), manifest, err)
		}
	}
	return n
}
