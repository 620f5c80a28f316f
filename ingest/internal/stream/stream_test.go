package stream

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func write(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstdPacked(t *testing.T, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(data, nil)
}

func read(t *testing.T, path string, expand int64) ([]byte, error) {
	t.Helper()
	f, err := Open(path, 1<<12, expand)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	return io.ReadAll(f)
}

// Every way of packing gives the bytes back; what is cut or damaged says so,
// and a file that holds more than it may stops there.
func TestPacking(t *testing.T) {
	var text []byte
	for i := range 20_000 {
		text = append(text, byte('a'+i*i%23), byte('a'+i%7))
	}
	for name, pack := range map[string]func(*testing.T, []byte) []byte{"gzip": gzipped, "zstd": zstdPacked} {
		packed := pack(t, text)
		got, err := read(t, write(t, packed), 0)
		if err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		half := len(text) / 2
		if got, err := read(t, write(t, append(pack(t, text[:half]), pack(t, text[half:])...)), 0); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s in two parts: %d bytes, %v", name, len(got), err)
		}
		if got, err := read(t, write(t, pack(t, nil)), 0); err != nil || len(got) > 0 {
			t.Errorf("%s of nothing: %q, %v", name, got, err)
		}
		for what, in := range map[string][]byte{"cut off before its end": packed[:len(packed)-7], "cut off": packed[:6], "damaged": append(bytes.Clone(packed), "xxxxxxxxxx"...)} {
			path := write(t, in)
			if _, err := read(t, path, 0); err == nil || !strings.HasPrefix(err.Error(), path+": the "+name+" file is "+what) {
				t.Errorf("%s %s: %v", name, what, err)
			}
		}
		for limit := range map[int64]bool{int64(len(text)): true, int64(len(text)) + 1: true} {
			if got, err := read(t, write(t, packed), limit); err != nil || len(got) != len(text) {
				t.Errorf("%s, limit %d: %d bytes, %v", name, limit, len(got), err)
			}
		}
		path := write(t, packed)
		_, err = read(t, path, int64(len(text))-1)
		if want := path + ": holds more than 39 KB in "; err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), " packed: unpack it first if it is meant to") {
			t.Errorf("%s, limit: %v", name, err)
		}
	}
}

// A bomb: two gigabytes of zeros in a file of 2 MB or less.
func TestBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("packs two gigabytes")
	}
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 2 << 10 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := write(t, out.Bytes())
	f, err := Open(path, 1<<12, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n, err := io.Copy(io.Discard, struct{ io.Reader }{f})
	if err == nil || !strings.HasPrefix(err.Error(), path+": holds more than 1024 MB in ") || n > 1<<30 {
		t.Errorf("%d bytes, then %v", n, err)
	}
}

func TestLimit(t *testing.T) {
	for _, c := range []struct{ size, expand, want int64 }{
		{1, 0, 1 << 30}, {1 << 20, 0, 1 << 30}, {10 << 20, 0, 200 * 10 << 20}, {1 << 30, 0, 64 << 30}, {1 << 62, 0, 64 << 30}, {5, 7, 7}, {1 << 40, 3, 3},
	} {
		if got := Limit(c.size, c.expand); got != c.want {
			t.Errorf("%d bytes, told %d: %d, want %d", c.size, c.expand, got, c.want)
		}
	}
}

// What was peeked at goes through the reader of an encoding too.
func TestDecode(t *testing.T) {
	f, err := Open(write(t, []byte("abcdef")), 16, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if head, err := f.Peek(4); err != nil || string(head) != "abcd" {
		t.Fatalf("%q, %v", head, err)
	}
	if err := f.Discard(1); err != nil {
		t.Fatal(err)
	}
	upper := func(r io.Reader) (io.Reader, error) {
		b, err := io.ReadAll(r)
		return bytes.NewReader(bytes.ToUpper(b)), err
	}
	if err := f.Decode(upper); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(f); err != nil || string(got) != "BCDEF" {
		t.Errorf("%q, %v", got, err)
	}
}

// A file that keeps its name while it is open, as on Windows, loses it when closed.
func TestTemporaryIsRemovedOnClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "unpacked")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&temporary{File: file, named: true}).Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("still there: %v", err)
	}
}
