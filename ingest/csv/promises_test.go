package csv

import (
	"testing"

	"clientele/ingest"
	"clientele/ingest/ingesttest"
)

func TestPromises(t *testing.T) {
	in := "\ufeffid;name;net\r\n\"1\";\"a;\"\"b\"\"\n客户\";2\r\n\n3;;\n4;5\n6;\"x\"y;7\n8;9;\xff\n店;n\x00;1\n10;客户;11\n12;\"13;14\n15;16;17"
	path := write(t, []byte(in))
	ingesttest.Reader(t, func(size int) (ingest.Reader, error) {
		if size == 0 {
			size = pieceBytes
		}
		return open(path, ingest.Options{}, size, rowLimit)
	}, ingesttest.Want{
		Header: []string{"id", "name", "net"},
		Rows:   [][]string{{"1", "a;\"b\"\n客户", "2"}, {"3", "", ""}, {"10", "客户", "11"}},
		Lines:  []int64{2, 5, 10},
		Bad:    []int64{6, 7, 8, 9, 11, 12},
		Read:   9,
	})
}
