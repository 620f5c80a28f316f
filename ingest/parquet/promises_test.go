package parquet

import (
	"testing"

	"clientele/ingest"
	"clientele/ingest/ingesttest"
)

func TestPromises(t *testing.T) {
	type row struct {
		ID   string `parquet:"id,dict"`
		Note *string
		Net  int64 `parquet:"net,decimal(2:9)"`
	}
	note := ""
	path := write(t, encode(t, []row{{"1", &note, -5}, {"\xff", nil, 0}, {"客户", nil, 1234}}))
	ingesttest.Reader(t, func(size int) (ingest.Reader, error) {
		if size == 0 {
			size = pieceRows
		}
		return open(path, ingest.Options{}, size)
	}, ingesttest.Want{
		Header: []string{"id", "Note", "net"},
		Rows:   [][]string{{"1", "", "-0.05"}, {"客户", ingesttest.Absent, "12.34"}},
		Lines:  []int64{1, 3},
		Bad:    []int64{2},
		Read:   3,
	})
}
