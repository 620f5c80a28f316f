package jsonl

import (
	"testing"

	"clientele/ingest"
	"clientele/ingest/ingesttest"
)

func TestPromises(t *testing.T) {
	in := "{\"id\":1,\"a\":{\"b\":\"x\\ny\"}}\r\n\n{\"id\":null,\"t\":[1, 2]}\n{\"id\":2\n[]\n{\"t\":\"\",\"id\":\"客户\"}"
	path := write(t, []byte(in))
	ingesttest.Reader(t, func(size int) (ingest.Reader, error) {
		if size == 0 {
			size = pieceBytes
		}
		return open(path, ingest.Options{}, sizes{size, rowLimit, columnBytes})
	}, ingesttest.Want{
		Header: []string{"id", "a.b", "t"},
		Rows:   [][]string{{"1", "x\ny", ingesttest.Absent}, {ingesttest.Absent, ingesttest.Absent, "1, 2"}, {"客户", ingesttest.Absent, ""}},
		Lines:  []int64{1, 3, 6},
		Bad:    []int64{4, 5},
		Read:   5,
	})
}
