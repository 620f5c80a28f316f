package parquet

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"clientele/engine/table"
)

// Texts and labels are read as they were written, with those that are missing, from any
// number of row groups.
func TestReadTexts(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "t.parquet")
	rapid.Check(t, func(t *rapid.T) {
		var groups []*table.Table
		for range rapid.IntRange(1, 3).Draw(t, "groups") {
			groups = append(groups, drawn(t, rapid.IntRange(0, 40).Draw(t, "rows")))
		}
		if err := os.WriteFile(path, written(t, columnsOf(groups[0]), 2, groups...), 0o666); err != nil {
			t.Fatal(err)
		}
		got, err := ReadTexts(path, []Column{{Name: "label", Kind: table.Category}, {Name: "text", Kind: table.Text}}, 2)
		if err != nil {
			t.Fatal(err)
		}
		row := 0
		for _, g := range groups {
			for i := range g.Rows() {
				for _, name := range []string{"label", "text"} {
					if have, want := cell(got.Column(name), row), cell(g.Column(name), i); have != want {
						t.Fatalf("%s of row %d: %q, want %q", name, row, have, want)
					}
				}
				row++
			}
		}
		if got.Rows() != row {
			t.Fatalf("%d rows, want %d", got.Rows(), row)
		}
	})
}

// What cannot be read is an error, whichever byte of a file is damaged.
func TestReadTextsRefuses(t *testing.T) {
	t.Parallel()
	id := &table.Column{Field: table.Field{Name: "id", Kind: table.Text}}
	n := table.NewColumn(table.Field{Name: "n", Kind: table.Int}, 300)
	for i := range n.Ints {
		id.Texts.Append(bytes.Repeat([]byte{byte('a' + i%26)}, i%9))
	}
	in := table.New(id, n)
	text := written(t, columnsOf(in), 1, in)
	path := filepath.Join(t.TempDir(), "t.parquet")
	read := func(text []byte, c Column) error {
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := ReadTexts(path, []Column{c}, 1)
		return err
	}
	for _, c := range []Column{{Name: "id", Kind: table.Text}, {Name: "id", Kind: table.Category}} {
		if err := read(text, c); err != nil {
			t.Error(err)
		}
	}
	for _, c := range []Column{{Name: "other", Kind: table.Text}, {Name: "n", Kind: table.Text}, {Name: "id", Kind: table.Int}} {
		if err := read(text, c); err == nil {
			t.Errorf("%v is read", c)
		}
	}
	if _, err := ReadTexts(path+"x", nil, 1); err == nil {
		t.Error("a file that is not there is read")
	}
	refused := 0
	for at := range text {
		damaged := bytes.Clone(text)
		damaged[at] ^= 0x55
		if read(damaged, Column{Name: "id", Kind: table.Text}) != nil {
			refused++
		}
	}
	if refused < len(text)/4 {
		t.Errorf("%d of %d damages are found", refused, len(text))
	}
}
