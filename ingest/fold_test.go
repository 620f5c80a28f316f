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

// What a Fold remembers stays within its memory, and past that it says that it forgets.
func TestFoldMemory(t *testing.T) {
	for _, memory := range []int64{1 << 20, 10 << 20, 0} {
		f := Fold{Memory: memory}
		f.init()
		all, most := int64(0), int64(0)
		for _, s := range []*set{f.people, f.cards, f.terms, f.articles, f.id} {
			fresh := make([]bool, 1)
			for h := uint64(1); !s.full && h < 1<<20; h++ {
				s.addAll([]uint64{h * 0x9e3779b97f4a7c15}, nil, fresh)
			}
			if s.n > s.limit || memory > 0 && !s.full {
				t.Errorf("%d bytes: %d hashes of at most %d, full %v", memory, s.n, s.limit, s.full)
			}
			all += int64(8 * len(s.slots))
			most += int64(8 * (len(s.slots) + len(s.slots)/2))
		}
		if limit := memory; limit > 0 && (most > limit || all < limit/4) {
			t.Errorf("%d bytes are allowed, %d are taken, %d while growing", limit, all, most)
		}
		if f.Overflow() != (memory > 0) || f.Forgets() != (memory > 0) {
			t.Errorf("%d bytes: overflow %v, forgets %v", memory, f.Overflow(), f.Forgets())
		}
	}
	if n := within(0); n != 1<<12/8*5 {
		t.Errorf("the least set has %d", n)
	}
	if n := within(256 << 20); n < 10<<20 {
		t.Errorf("a quarter of a gigabyte is for %d ids", n)
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
