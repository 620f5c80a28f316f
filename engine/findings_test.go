package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"clientele/engine"
)

// Whatever the fuzzers found: a file of it is refused in one line, or each of its rows
// is stored, a known duplicate or a reject.
func TestFuzzFindingsAreAccounted(t *testing.T) {
	t.Parallel()
	found := 0
	err := filepath.WalkDir(filepath.Join("..", "ingest"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(filepath.ToSlash(path), "/testdata/fuzz/") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(text), "\n") {
			data, ok := corpusBytes(line)
			if !ok {
				continue
			}
			found++
			t.Run(fmt.Sprintf("%s/%d", path, i), func(t *testing.T) { accounted(t, data) })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{ // what broke parsers elsewhere
		"open quote": "order_id,customer_id,date,amount\n1,\"a,2024-01-01,5\n2,b,2024-01-02,6\n",
		"ragged":     "order_id,customer_id,date,amount\n1,a,2024-01-01\n2,b,2024-01-02,6,7,8\n3,c,2024-01-03,9\n",
		"nul":        "order_id,customer_id,date,amount\n1,a\x00b,2024-01-01,5\n2,b,2024-01-02,6\n",
		"line ends":  "order_id,customer_id,date,amount\r\n1,a,2024-01-01,5\n2,b,2024-01-02,6\r3,c,2024-01-03,7\r\n",
		"bad utf-8":  "order_id,customer_id,date,amount\n1,a\xff\xfe,2024-01-01,5\n2,b,2024-01-02,6\n",
		"huge field": "order_id,customer_id,date,amount\n1," + strings.Repeat("x", 3<<20) + ",2024-01-01,5\n2,b,2024-01-02,6\n",
		"wide":       "order_id,customer_id,date,amount" + strings.Repeat(",x", 10_000) + "\n1,a,2024-01-01,5" + strings.Repeat(",", 10_000) + "\n",
	} {
		t.Run(name, func(t *testing.T) { accounted(t, []byte(data)) })
	}
	t.Logf("%d found cases", found)
}

// corpusBytes reads []byte("...") and string("...") as the fuzzer writes them.
func corpusBytes(line string) ([]byte, bool) {
	for _, kind := range []string{"[]byte(", "string("} {
		if quoted, ok := strings.CutPrefix(line, kind); ok {
			text, err := strconv.Unquote(strings.TrimSuffix(quoted, ")"))
			return []byte(text), err == nil
		}
	}
	return nil, false
}

// accounted loads data as a file, as it is and below a header.
func accounted(t *testing.T, data []byte) {
	for name, text := range map[string][]byte{
		"found":   data,
		"h.csv":   append([]byte("order_id,customer_id,date,amount\n1,a,2024-01-01,5\n"), data...),
		"h.jsonl": append([]byte("{\"order_id\":1,\"customer_id\":\"a\",\"date\":\"2024-01-01\",\"amount\":5}\n"), data...),
	} {
		e := workspace(t)
		s := source("orders", write(t, e, name, string(text)))
		loaded, err := e.Load(context.Background(), []engine.Loading{{Source: s, AllowRejects: true}})
		if err != nil && !errors.Is(err, engine.ErrRefused) {
			if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "goroutine") {
				t.Errorf("%s: more than one line: %v", name, err)
			}
			continue
		}
		for _, l := range loaded {
			if l.Read != l.Accepted+l.Duplicates+l.Rejected {
				t.Errorf("%s: %d read, %d accepted, %d duplicates, %d rejected", name, l.Read, l.Accepted, l.Duplicates, l.Rejected)
			}
			if l.State == engine.StateLoaded {
				expect(t, e, "SELECT count(*) FROM rejects", fmt.Sprint(l.Rejected))
			}
		}
	}
}
