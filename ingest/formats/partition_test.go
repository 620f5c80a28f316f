package formats

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	pq "github.com/parquet-go/parquet-go"

	"clientele/ingest"
	"clientele/ingest/ingesttest"
)

func TestPartitions(t *testing.T) {
	for _, c := range []struct {
		root, path string
		want       []Partition
	}{
		{"in", "in/year=2024/month=03/part-0.parquet", []Partition{{Name: "year", Value: "2024"}, {Name: "month", Value: "03"}}},
		{"in/", "in/x/city=S%C3%A3o%20Paulo/y/a.csv", []Partition{{Name: "city", Value: "São Paulo"}}},
		{"in", "in/city=__HIVE_DEFAULT_PARTITION__/a.csv", []Partition{{Name: "city", Absent: true}}},
		{"in", "in/a=b=c/x=/a.csv", []Partition{{Name: "a", Value: "b=c"}, {Name: "x", Value: ""}}},
		{"in", "in/a=1/b=2/a=3/x.csv", []Partition{{Name: "b", Value: "2"}, {Name: "a", Value: "3"}}},
		{"in", "in/=1/50%/a=50%/x.csv", []Partition{{Name: "a", Value: "50%"}}},
		{"in", "in/year=2024.csv", nil},
		{"in", "in/a.csv", nil},
		{"in", "out/year=2024/a.csv", nil},
		{"in/year=2024", "in/year=2024/month=3/a.csv", []Partition{{Name: "month", Value: "3"}}},
		{"in/year=2024", "in/year=2023/month=3/a.csv", nil},
		{"", "in/year=2024/a.csv", nil},
		{".", "year=2024/a.csv", []Partition{{Name: "year", Value: "2024"}}},
	} {
		if got := Partitions(c.root, filepath.FromSlash(c.path)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s below %s: %+v, want %+v", c.path, c.root, got, c.want)
		}
	}
}

// The columns of folders stand behind the file's own, in every row of any format.
func TestPartitionedRows(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Join(root, "year=2024", "city=__HIVE_DEFAULT_PARTITION__", "net=7")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := pq.Write(&table, []struct {
		ID  string `parquet:"id"`
		Net int64  `parquet:"net"`
	}{{"C1", 1}, {"C2", 2}}); err != nil {
		t.Fatal(err)
	}
	want := ingesttest.Want{
		Header: []string{"id", "net", "year", "city"},
		Rows:   [][]string{{"C1", "1", "2024", ingesttest.Absent}, {"C2", "2", "2024", ingesttest.Absent}},
	}
	for name, in := range map[string][]byte{"part-0.parquet": table.Bytes(), "a.csv": []byte("id,net\nC1,1\nC2,2\n"), "a.jsonl": []byte("{\"id\":\"C1\",\"net\":1}\n{\"id\":\"C2\",\"net\":2}\n")} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, in, 0o600); err != nil {
			t.Fatal(err)
		}
		ingesttest.Reader(t, func(int) (ingest.Reader, error) {
			r, found, err := Open(path, ingest.Options{Root: root})
			if notes := []string{`column "net" is read from the file, not from its folder net=7`, `columns from the names of folders: "year", "city"`}; !slices.Equal(found.Notes, notes) {
				t.Errorf("%s: notes %q", name, found.Notes)
			}
			return r, err
		}, want)
		r, _, err := Open(path, ingest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(r.Header(), []string{"id", "net"}) {
			t.Errorf("%s without a root: %q", name, r.Header())
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}
