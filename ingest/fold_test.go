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

// Ids that repeat are all found, or it is said that they may not be: whatever their
// order, and however they are cut into chunks.
func TestFoldFindsRepeats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f Fold
		f.init()
		next, found := 0, map[string]bool{}
		seen, repeats := map[string]bool{}, map[string]bool{}
		disorder := rapid.SampledFrom([]int{0, 0, 1, 50}).Draw(t, "disorder")
		for range rapid.IntRange(1, 6).Draw(t, "chunks") {
			n := rapid.IntRange(0, 20).Draw(t, "rows")
			id := &table.Column{Field: table.Field{Name: "order_id", Kind: table.Text}, Texts: table.Strings{Offsets: []int32{0}}}
			for range n {
				next++
				v := fmt.Sprint(next)
				if disorder > 0 && rapid.IntRange(0, 100/disorder).Draw(t, "back") == 0 {
					v = fmt.Sprint(rapid.IntRange(1, next).Draw(t, "id"))
				}
				id.Texts.AppendString(v)
				repeats[v] = repeats[v] || seen[v]
				seen[v] = true
			}
			s := folder{Fold: &f, rows: n, hashes: make([]uint64, n), fresh: make([]bool, n)}
			var c Chunk
			s.repeated(&c, id)
			f.inOrder(&c)
			for i := range c.Repeated.Len() {
				found[string(c.Repeated.At(i))] = true
			}
		}
		for v, is := range repeats {
			if is && !found[v] && !f.Overflow() {
				t.Fatalf("%s repeats and was not found", v)
			}
		}
		if disorder == 0 && f.Overflow() {
			t.Fatal("ids that ascend need no look")
		}
	})
}
