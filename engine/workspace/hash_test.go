package workspace

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zeebo/xxh3"
)

// publishStore puts a store of that content in place.
func publishStore(t *testing.T, l *Lock, content string) {
	t.Helper()
	p, err := l.Private(StoreName, 0)
	if err != nil {
		t.Fatal(err)
	}
	write(t, p.Path, content)
	if err := p.Publish(); err != nil {
		t.Fatal(err)
	}
}

// The hash is that of the hashes of the pieces, computed here by a plain loop.
func TestStoreHash(t *testing.T) {
	random := rand.NewChaCha8([32]byte{3})
	for _, size := range []int{0, 1, piece - 1, piece, piece + 1, 3*piece + 17} {
		content := make([]byte, size)
		random.Read(content)
		var sums, older []byte
		for from := 0; from < size; from += piece {
			part := content[from:min(from+piece, size)]
			s, o := xxh3.Hash128(part).Bytes(), sha256.Sum256(part)
			sums, older = append(sums, s[:]...), append(older, o[:]...)
		}
		want, was := xxh3.Hash128(sums).Bytes(), sha256.Sum256(older)
		path := filepath.Join(t.TempDir(), "file")
		write(t, path, string(content))
		got, _, err := sumFile(path, xxh, nil)
		if err != nil || got != hex.EncodeToString(want[:]) {
			t.Errorf("%d bytes: %s, %v", size, got, err)
		}
		got, _, err = sumFile(path, sha, nil)
		if err != nil || got != hex.EncodeToString(was[:]) {
			t.Errorf("%d bytes, of an earlier version: %s, %v", size, got, err)
		}
	}
}

// A flipped bit is found wherever it is: a store of 64 KiB has one in each 4 KiB.
func TestFlippedBitInTheStore(t *testing.T) {
	dir := t.TempDir()
	l := acquire(t, dir)
	content := strings.Repeat("0123456789abcdef", 4096)
	publishStore(t, l, content)
	if hashed, err := VerifyStore(dir, nil); !hashed || err != nil {
		t.Fatalf("%v, %v", hashed, err)
	}
	path := filepath.Join(dir, StoreName)
	for at := 100; at < len(content); at += 4096 {
		flipped := []byte(content)
		flipped[at] ^= 1
		write(t, path, string(flipped))
		_, err := VerifyStore(dir, nil)
		var damage *DamageError
		if !errors.As(err, &damage) || damage.Path != path || damage.Expected == damage.Found {
			t.Fatalf("a bit of byte %d: %v", at, err)
		}
		wantError(t, err, path, "not as it was published", "clientele rebuild", HashName)
		if err := l.CheckStore(); !errors.As(err, &damage) {
			t.Fatalf("a bit of byte %d: before it is read: %v", at, err)
		}
		if _, err := l.Private(StoreName, 0); !errors.As(err, &damage) {
			t.Fatalf("a bit of byte %d: copied: %v", at, err)
		}
	}
	// What is made anew needs nothing of it.
	p, err := l.Empty(StoreName)
	if err != nil {
		t.Fatal(err)
	}
	write(t, p.Path, "new")
	if err := p.Publish(); err != nil {
		t.Fatal(err)
	}
	if _, err := VerifyStore(dir, nil); err != nil || read(t, path) != "new" {
		t.Error(err)
	}
}

// Between the record of a hash and the store in its place, either store is good, and
// nothing else.
func TestHashOfAStoreAboutToBeReplaced(t *testing.T) {
	dir := t.TempDir()
	l := acquire(t, dir)
	publishStore(t, l, "one")
	path := filepath.Join(dir, StoreName)
	old, _, err := sumFile(path, xxh, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := l.Private(StoreName, 0)
	if err != nil {
		t.Fatal(err)
	}
	write(t, p.Path, "two")
	fresh, _, err := sumFile(p.Path, xxh, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.record(fresh, old); err != nil {
		t.Fatal(err)
	}
	if err := p.Discard(); err != nil { // as a kill and the next command leave it
		t.Fatal(err)
	}
	for content, good := range map[string]bool{"one": true, "two": true, "six": false} {
		write(t, path, content)
		if _, err := VerifyStore(dir, nil); (err == nil) != good {
			t.Errorf("%s: %v", content, err)
		}
	}
	write(t, path, "one")
	publishStore(t, l, "three")
	if got, err := recorded(dir); err != nil || len(got) != 1 {
		t.Errorf("recorded after the next publication: %v, %v", got, err)
	}
	if got := names(t, dir); !cmp.Equal(got, []string{StoreName, HashName, LockName}) {
		t.Errorf("left behind: %v", got)
	}
}

func TestHashFile(t *testing.T) {
	dir := t.TempDir()
	l := acquire(t, dir)
	publishStore(t, l, "one")
	path := filepath.Join(dir, HashName)
	good := read(t, path)
	for name, text := range map[string]string{
		"empty": "", "another kind": "clientele store hash 3\n" + strings.Repeat("0", 64) + "\n",
		"cut": good[:len(good)-10], "no hash": hashHead + "\n", "another hash": hashHead + "\n" + strings.Repeat("0", 32) + "\n",
		"another hash of an earlier version": hashHeadSHA + "\n" + strings.Repeat("0", 64) + "\n",
		"a head of an earlier version":       hashHeadSHA + strings.TrimPrefix(good, hashHead),
	} {
		write(t, path, text)
		var damage *DamageError
		if _, err := VerifyStore(dir, nil); !errors.As(err, &damage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Remove(path); err != nil { // as a store of an earlier version is
		t.Fatal(err)
	}
	if hashed, err := VerifyStore(dir, nil); hashed || err != nil {
		t.Errorf("without a hash: %v, %v", hashed, err)
	}
	publishStore(t, l, "two")
	if hashed, err := VerifyStore(dir, nil); !hashed || err != nil {
		t.Errorf("after the next publication: %v, %v", hashed, err)
	}
}

// A store that an earlier version published is compared by that version's hash, until the
// next one is in its place: then either is good, by its own.
func TestStoreOfAnEarlierVersion(t *testing.T) {
	dir := t.TempDir()
	l := acquire(t, dir)
	publishStore(t, l, "one")
	path := filepath.Join(dir, StoreName)
	old, _, err := sumFile(path, sha, nil)
	if err != nil {
		t.Fatal(err)
	}
	holds := func(what string, want map[string]bool) {
		t.Helper()
		for content, good := range want {
			write(t, path, content)
			if hashed, err := VerifyStore(dir, nil); good != (err == nil) || good && !hashed {
				t.Errorf("%s: %s: compared %v, %v", what, content, hashed, err)
			}
		}
		write(t, path, "one")
	}
	write(t, filepath.Join(dir, HashName), hashHeadSHA+"\n"+old+"\n")
	holds("published by an earlier version", map[string]bool{"one": true, "two": false})

	p, err := l.Private(StoreName, 0)
	if err != nil {
		t.Fatal(err)
	}
	write(t, p.Path, "two")
	fresh, _, err := sumFile(p.Path, xxh, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.record(fresh, old); err != nil {
		t.Fatal(err)
	}
	if err := p.Discard(); err != nil { // as a kill and the next command leave it
		t.Fatal(err)
	}
	holds("while it is replaced", map[string]bool{"one": true, "two": true, "six": false})
	publishStore(t, l, "three")
	if got, err := recorded(dir); err != nil || len(got) != 1 || len(got[0]) != 32 {
		t.Errorf("recorded after the next publication: %v, %v", got, err)
	}
	holds("once it is replaced", map[string]bool{"three": true, "one": false})
}

// A flipped bit in a manifest is found by the name of the run's folder.
func TestFlippedBitInAManifest(t *testing.T) {
	dir := t.TempDir()
	l := acquire(t, dir)
	run := publish(t, l, "2024-01-31", "text")
	path := filepath.Join(run.Dir, ManifestName)
	good := read(t, path)
	for at := 0; at < len(good); at += 7 {
		flipped := []byte(good)
		flipped[at] ^= 1
		write(t, path, string(flipped))
		_, err := OpenRun(dir, CurrentName)
		if err == nil {
			t.Fatalf("a bit of byte %d, %q, is not noticed", at, good[at])
		}
		wantError(t, err, ManifestName, "is damaged")
	}
	write(t, path, good)
	if err := run.CheckFile("scores.parquet"); err != nil {
		t.Error(err)
	}
	write(t, filepath.Join(run.Dir, "scores.parquet"), "texT")
	wantError(t, run.CheckFile("scores.parquet"), filepath.Join("as_of=2024-01-31", "scores.parquet"), "not as it was published")
	wantError(t, run.Check("scores.parquet", []byte("texT")), "not as it was published")
}
