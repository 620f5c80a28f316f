package ingesttest

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"clientele/ingest"
)

// mutations is how many damaged files each reader is given.
var mutations = flag.Int("mutations", 200, "damaged files that each reader is given")

const (
	patience = 30 * time.Second // for one damaged file of some kilobytes
	appetite = 1 << 30          // bytes allocated while one is read, given back or not
)

// Damaged gives a reader copies of good files that were cut, had bits flipped,
// bytes and lines removed, doubled, moved or put in. Each must be read to its end
// or refused in one line that begins with its path: no panic, no hang, no more
// than 1 GiB allocated, lines that increase, none both good and bad, a reason for
// every bad one. repack, when not nil, makes a file of a damaged part, for formats
// whose checksums would otherwise find every damage first. account, when not nil,
// gets what was read of each file that was not refused.
func Damaged(t *testing.T, seeds [][]byte, repack func(part []byte) []byte, open func(path string) (ingest.Reader, error), account func(file []byte, header []string, rows []Row) error) {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 11))
	path := filepath.Join(t.TempDir(), "damaged")
	refused, bad, good := 0, 0, 0
	for n := range *mutations {
		file := damage(random, bytes.Clone(seeds[random.IntN(len(seeds))]), seeds)
		if repack != nil {
			file = repack(file)
		}
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		header, rows, err := inTime(path, open)
		if err == nil && account != nil {
			err = account(file, header, rows)
		} else if err != nil && strings.HasPrefix(err.Error(), path+":") && !strings.Contains(err.Error(), "\n") {
			refused++
			continue
		}
		if err != nil {
			kept := filepath.Join(os.TempDir(), fmt.Sprintf("damaged-%d", n))
			if e := os.WriteFile(kept, file, 0o600); e != nil {
				t.Error(e)
			}
			t.Errorf("damaged file %d, kept as %s: %v", n, kept, err)
			continue
		}
		for _, r := range rows {
			if r.Reason != "" {
				bad++
			} else {
				good++
			}
		}
	}
	t.Logf("%d damaged files: %d refused; of the others %d rows good, %d bad", *mutations, refused, good, bad)
	if refused == *mutations {
		t.Error("every damaged file was refused: nothing was tried")
	}
}

// inTime reads a file, and gives up after some time.
func inTime(path string, open func(path string) (ingest.Reader, error)) (header []string, rows []Row, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		header, rows, err = All(path, open)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > appetite {
			err = fmt.Errorf("allocated %d MB: %v", n>>20, err)
		}
	}()
	select {
	case <-done:
		return header, rows, err
	case <-time.After(patience):
		return nil, nil, fmt.Errorf("not done after %v", patience)
	}
}

// All reads a file and checks that its lines increase, that none is both good
// and bad, and that every bad row has a reason.
func All(path string, open func(path string) (ingest.Reader, error)) (header []string, rows []Row, err error) {
	r, err := open(path)
	if err != nil {
		return nil, nil, err
	}
	if err := r.Close(); err != nil {
		return nil, nil, fmt.Errorf("close: %w", err)
	}
	header = r.Header()
	rows, err = read(func(int) (ingest.Reader, error) { return open(path) }, 0, header, 1)
	for _, wrapped := range []string{"open: ", "next: ", "parse piece "} { // the reader's own words
		if err != nil && strings.HasPrefix(err.Error(), wrapped) {
			if _, own, ok := strings.Cut(err.Error(), ": "); ok {
				err = fmt.Errorf("%s", own)
			}
		}
	}
	return header, rows, err
}

// damage changes a file in up to four ways.
func damage(random *rand.Rand, file []byte, seeds [][]byte) []byte {
	for range 1 + random.IntN(4) {
		if len(file) == 0 {
			return file
		}
		at := random.IntN(len(file))
		to := min(len(file), at+1+random.IntN(1+random.IntN(len(file))))
		switch random.IntN(10) {
		case 0: // cut off
			file = file[:at]
		case 1: // the beginning lost
			file = file[at:]
		case 2, 3: // bits flipped
			for range 1 + random.IntN(8) {
				file[random.IntN(len(file))] ^= 1 << random.IntN(8)
			}
		case 4: // a stretch lost
			file = append(file[:at], file[to:]...)
		case 5: // a stretch twice
			file = append(bytes.Clone(file[:to]), file[at:]...)
		case 6: // something put in
			odd := [...]string{"\x00", "\"", "\\\"", "\r", "\n", "\r\n", ",", "\xff\xfe", "\xe9", "[", "{", "]}", "<", "&#x10FFFF;", "-1e999999", "99999999999999999999999", strings.Repeat("\"", 70), strings.Repeat("[", 3000), strings.Repeat("9", 3000)}
			file = append(append(bytes.Clone(file[:at]), odd[random.IntN(len(odd))]...), file[at:]...)
		case 7: // lines in another order
			lines := bytes.SplitAfter(file, []byte("\n"))
			random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
			file = bytes.Join(lines, nil)
		case 8: // a stretch of another file
			other := seeds[random.IntN(len(seeds))]
			from := random.IntN(len(other))
			file = append(append(bytes.Clone(file[:at]), other[from:min(len(other), from+1+random.IntN(200))]...), file[to:]...)
		case 9: // a stretch of zeros or noise
			for i := at; i < min(to, at+40); i++ {
				file[i] = byte(random.Uint32()) * byte(random.IntN(2))
			}
		}
	}
	return file
}
