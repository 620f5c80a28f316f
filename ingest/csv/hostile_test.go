package csv

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"clientele/ingest"
	"clientele/ingest/ingesttest"
	"clientele/ingest/internal/stream"
)

// Damaged files are read or refused, and every line that is not blank is in a
// row or in a reject: the rows as the file has them, one after the other, are the
// file without its header and its blank lines.
func TestDamaged(t *testing.T) {
	var plain, quoted strings.Builder
	plain.WriteString("order_id,customer,date,amount\n")
	quoted.WriteString("\"order_id\";\"customer\";\"note\"\r\n")
	for i := range 60 {
		fmt.Fprintf(&plain, "%d,C%d,2024-01-%02d,%d.50\n", 1000+i, i%7, i%28+1, i)
		fmt.Fprintf(&quoted, "\"%d\";\"客户%d\";\"said \"\"hi\"\",\n then %d\"\r\n", 1000+i, i%7, i)
	}
	seeds := [][]byte{[]byte(plain.String()), []byte(quoted.String())}
	open := func(path string) (ingest.Reader, error) {
		return open(path, ingest.Options{Encoding: "utf-8"}, 512, rowLimit)
	}
	ingesttest.Damaged(t, seeds, nil, open, func(file []byte, header []string, rows []ingesttest.Row) error {
		if len(rows) > 0 && bytes.ContainsRune(file, '\r') && !bytes.ContainsRune(file, '\n') {
			return nil // old Mac
		}
		var got strings.Builder
		for _, r := range rows {
			got.WriteString(r.Raw)
		}
		want, have := squeezed(stream.Printable(file)), squeezed(got.String())
		if !strings.HasSuffix(want, have) {
			return fmt.Errorf("rows are not the end of the file:\n%q\n%q", have, want)
		}
		if head := want[:len(want)-len(have)]; len(head) > 2*len(squeezed(strings.Join(header, "")))+10*len(header)+20 {
			return fmt.Errorf("before the rows stands %q, more than the header %q", head, header)
		}
		return nil
	})
}

// squeezed is a text without its line ends and byte order mark.
func squeezed(s string) string {
	return strings.NewReplacer("\r", "", "\n", "", "\ufeff", "").Replace(s)
}

// Any encoding, damaged, is read or refused.
func TestDamagedEncodings(t *testing.T) {
	var seeds [][]byte
	for _, text := range []string{
		"\xff\xfei\x00d\x00,\x00n\x00\n\x001\x00,\x00\x2d\x4e\n\x002\x00,\x00\x3d\xd8\x00\xde\n\x00",
		"\xb1\xe0\xba\xc5,\xbd\xf0\xb6\xee\n1,\xd6\xd0\xce\xc4\n2,\xd6\xd0\xce\xc4\n3,\xd6\xd0\xce\xc4\n",
		"\ufeffid;\"n\"\n1;\"x\\\"y\"\n2;\"z\"\n",
		"a,b\r1,2\r3,4\n5,6\r\n",
	} {
		seeds = append(seeds, []byte(text))
	}
	open := func(path string) (ingest.Reader, error) { return open(path, ingest.Options{}, 64, rowLimit) }
	ingesttest.Damaged(t, seeds, nil, open, nil)
}
