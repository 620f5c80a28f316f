package parquet

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"clientele/ingest"
)

func packed(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, p := range parts {
		w := gzip.NewWriter(&out)
		if _, err := w.Write(p); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// temporaryFolder is where unpacked files go during a test.
func temporaryFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	if os.TempDir() != dir {
		t.Skip("the system's temporary folder does not follow TMPDIR")
	}
	return dir
}

func wantEmpty(t *testing.T, dir, when string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("%s: left in the temporary folder: %v %v", when, left, err)
	}
}

// A gzipped file, in one member or two, holds what the plain one holds.
func TestGzip(t *testing.T) {
	dir := temporaryFolder(t)
	whole := sample(t, 500)
	want, err := readAll(write(t, whole), 100)
	if err != nil || len(want.rows) != 500 {
		t.Fatalf("%d rows: %v", len(want.rows), err)
	}
	want.notes = append([]string{"unpacked to a temporary file"}, want.notes...)
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string][]byte{
		"one member": packed(t, whole), "two members": packed(t, whole[:1000], whole[1000:]), "zstd": encoder.EncodeAll(whole, nil),
	} {
		got, err := readAll(write(t, in), 100)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: read %d rows, notes %q; want %d, %q", name, len(got.rows), got.notes, len(want.rows), want.notes)
		}
		wantEmpty(t, dir, name)
	}
}

// Whatever is wrong is one line, and nothing stays behind.
func TestGzipErrors(t *testing.T) {
	dir := temporaryFolder(t)
	whole := sample(t, 500)
	pack := packed(t, whole)
	flipped := bytes.Clone(pack)
	flipped[len(flipped)-6] ^= 1 // of the checksum
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"empty inside":    {packed(t, nil), "is empty"},
		"other":           {packed(t, []byte("customer_id,date\n")), "is not a Parquet file"},
		"cut header":      {pack[:5], "the gzip file is cut off before its end"},
		"cut":             {pack[:len(pack)/2], "the gzip file is cut off before its end"},
		"cut checksum":    {pack[:len(pack)-3], "the gzip file is cut off before its end"},
		"wrong checksum":  {flipped, "the gzip file is damaged: "},
		"cut inside":      {packed(t, whole[:len(whole)-100]), "the Parquet file is cut off before its end"},
		"encrypted":       {packed(t, append([]byte("PARE"), whole[4:]...)), "is an encrypted Parquet file: decrypt it first"},
		"damaged footer":  {packed(t, append(bytes.Clone(whole[:len(whole)-8]), "\x10\x00\x00\x00PAR1"...)), "the Parquet file is damaged: "},
		"packed too much": {packed(t, pack), "is not a Parquet file"},
	} {
		path := write(t, c.in)
		_, err := readAll(path, 100)
		if err == nil || !strings.HasPrefix(err.Error(), path+": "+c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
		wantEmpty(t, dir, name)
	}
}

func TestUnpackLimit(t *testing.T) {
	dir := temporaryFolder(t)
	whole := sample(t, 500)
	path := write(t, packed(t, whole))
	n := int64(len(whole))
	for limit, want := range map[int64]string{n: "", n + 1: "", n - 1: path + ": holds more than ", 100: path + ": holds more than 100 bytes in "} {
		r, err := open(path, ingest.Options{Expand: limit}, 100)
		switch {
		case want != "" && (err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), " packed: unpack it first if it is meant to")):
			t.Errorf("limit %d: %v, want %s", limit, err, want)
		case want == "" && err != nil:
			t.Errorf("limit %d: %v", limit, err)
		case want == "":
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
		wantEmpty(t, dir, "limit")
	}
}

func TestNoTemporaryFolder(t *testing.T) {
	path := write(t, packed(t, sample(t, 10)))
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	_, err := open(path, ingest.Options{}, 10)
	if err == nil || !strings.HasPrefix(err.Error(), path+": cannot be unpacked into the temporary folder ") {
		t.Errorf("%v", err)
	}
}
