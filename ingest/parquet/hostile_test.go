package parquet

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"

	"clientele/ingest"
	"clientele/ingest/ingesttest"
)

// Damaged files are read or refused, and what a damaged file says of its own
// size is not believed: memory stays bounded.
func TestDamagedFiles(t *testing.T) {
	type nested struct {
		A *struct {
			B *int32 `parquet:"b,optional"`
		} `parquet:"a,optional"`
		L []string `parquet:"l,list"`
		S string   `parquet:"s,dict,zstd"`
	}
	seeds := [][]byte{sample(t, 20), sample(t, 300), encode(t, []nested{{}, {L: []string{"x"}, S: "y"}})}
	ingesttest.Damaged(t, seeds, nil, func(path string) (ingest.Reader, error) {
		return open(path, ingest.Options{}, 64)
	}, nil)
}

// forged is a file of 20 columns whose pages, of 1.1 MB each, say that they
// unpack to 128 MB.
func forged(t *testing.T) []byte {
	t.Helper()
	const rows, columns = 140_000, 20
	group := pq.Group{}
	for c := range columns {
		group[fmt.Sprintf("c%02d", c)] = pq.Leaf(pq.Int64Type)
	}
	var out bytes.Buffer
	w := pq.NewGenericWriter[any](&out, pq.NewSchema("t", group), pq.PageBufferSize(4<<20), pq.DataPageVersion(1))
	row := make(pq.Row, columns)
	for r := range rows {
		for c := range row {
			row[c] = pq.Int64Value(int64(r*c)).Level(0, 0, c)
		}
		if _, err := w.WriteRows([]pq.Row{row}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := out.Bytes()
	f, err := pq.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range f.Metadata().RowGroups[0].Columns {
		// Thrift: the page's type, then its size as a number of four bytes of seven bits.
		size := file[c.MetaData.DataPageOffset+3:]
		if file[c.MetaData.DataPageOffset+2] != 0x15 || size[2] < 0x80 || size[3] >= 0x80 {
			t.Fatalf("another header than expected: % x", file[c.MetaData.DataPageOffset:][:12])
		}
		copy(size, "\xfe\xff\xff\x7f")
	}
	return file
}

// Pages that say that they unpack to gigabytes are refused before they take the
// memory, and so is a file whose cells take more than it may hold.
func TestPageBombs(t *testing.T) {
	path := write(t, forged(t))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := open(path, ingest.Options{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, err = r.Next()
	runtime.ReadMemStats(&after)
	want := path + `: the Parquet file is damaged: column "c15": its pages and those of the columns before take more than 2048 MB of memory at once`
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("pages of 2.5 GB: %v", err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<26 {
		t.Errorf("%d MB were taken", n>>20)
	}
	type row struct {
		S string `parquet:"s,dict"`
		N int64  `parquet:"n,dict"`
	}
	whole := write(t, encode(t, make([]row, 100_000)))
	for limit, want := range map[int64]string{150_000: "holds more than 146 KB in ", 0: ""} {
		r, err := open(whole, ingest.Options{Expand: limit}, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			var p ingest.Piece
			if p, err = r.Next(); err == nil {
				_, err = p.Parse()
			}
		}
		if want == "" && err != io.EOF || want != "" && !strings.HasPrefix(err.Error(), whole+": "+want) {
			t.Errorf("limit %d: %v", limit, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}
