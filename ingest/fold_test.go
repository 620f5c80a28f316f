package ingest

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"clientele/engine/table"
)

// A set answers like a map until it is full.
func TestSetIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, want := newSet(1<<20), map[uint64]bool{}
		for range rapid.IntRange(1, 20).Draw(t, "chunks") {
			hashes := rapid.SliceOfN(rapid.Uint64Range(1, 5000), 1, 3000).Draw(t, "hashes")
			fresh := make([]bool, len(hashes))
			s.addAll(hashes, nil, fresh)
			for i, h := range hashes {
				if fresh[i] == want[h] {
					t.Fatalf("hash %d: fresh %v, seen before %v", h, fresh[i], want[h])
				}
				want[h] = true
			}
		}
		if s.n != len(want) || s.full {
			t.Fatalf("%d hashes in the set, full %v; want %d", s.n, s.full, len(want))
		}
	})
}

func TestSetThatIsFullSaysSo(t *testing.T) {
	s := newSet(2)
	fresh := make([]bool, 4)
	s.addAll([]uint64{7, 8, 9, 7}, nil, fresh)
	if !s.full || !fresh[2] || fresh[3] {
		t.Fatalf("full %v, fresh %v", s.full, fresh)
	}
}

// Items name their product by its article, and each article is delivered once.
func TestFoldOfItems(t *testing.T) {
	f := Fold{}
	f.init()
	s := folder{Fold: &f, rows: 3}
	c := &table.Column{Field: table.Field{Name: "items", Kind: table.Text}, Null: []bool{false, true, false}}
	c.Texts.AppendString("S1\x1fTea\x1f2\x1f5\x1f10\x1e\x1fCup\x1f1\x1f\x1f3")
	c.Texts.AppendString("")
	c.Texts.AppendString("S1\x1fTea\x1f1\x1f5\x1f5")
	out, articles := s.items(c)
	if articles.Rows() != 2 {
		t.Fatalf("%d articles", articles.Rows())
	}
	tea, cup := articles.Ints("article")[0], articles.Ints("article")[1]
	want := []string{fmt.Sprintf("S1\x1f%d\x1f2\x1f5\x1f10\x1eCup\x1f%d\x1f1\x1f\x1f3", tea, cup), "", fmt.Sprintf("S1\x1f%d\x1f1\x1f5\x1f5", tea)}
	for r, w := range want {
		if got := string(out.Texts.At(r)); got != w {
			t.Errorf("row %d: %q, want %q", r, got, w)
		}
	}
	if name := string(articles.Column("product_name").Texts.At(1)); name != "Cup" {
		t.Errorf("name %q", name)
	}
}
