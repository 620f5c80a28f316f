package engine

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"clientele/engine/table"
)

// People stand in the order of their ids, with their own numbers, whatever ids have in
// common or end with.
func TestPeopleInOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	long := strings.Repeat("客户", 9)
	for name, id := range map[string]func(i int) string{
		"numbers":       func(i int) string { return fmt.Sprint(i * 7919 % 100_003) },
		"one beginning": func(i int) string { return fmt.Sprintf("%s%07d", long, rng.IntN(1<<22)) },
		"two sources":   func(i int) string { return fmt.Sprintf("%s:%d", []string{"tmall-shop", "jd"}[i%2], i) },
		"beginnings":    func(i int) string { return long[:i%len(long)] + strings.Repeat("x", i/len(long)) },
		"zeros":         func(i int) string { return "c" + strings.Repeat("\x00", i) },
		"any": func(i int) string {
			return string([]byte{byte(rng.Uint32()), byte(rng.Uint32()), byte(i), byte(i >> 8)})
		},
	} {
		for _, n := range []int{0, 1, 2, fewIDs - 1, fewIDs, 3000} {
			p := &people{ids: &table.Column{Field: table.Field{Kind: table.Text}}}
			var want []string
			person := map[string]int64{}
			for i := range n {
				text := id(i)
				if _, known := person[text]; known {
					continue
				}
				person[text] = rng.Int64()
				p.ids.Texts.AppendString(text)
				p.person = append(p.person, person[text])
				want = append(want, text)
			}
			slices.SortFunc(want, func(a, b string) int { return bytes.Compare([]byte(a), []byte(b)) })
			p.sort(2)
			p.number()
			if p.len() != len(want) || p.ids.Len() != len(want) {
				t.Fatalf("%s: %d of %d are left", name, p.len(), len(want))
			}
			for i, text := range want {
				if got := string(p.ids.Texts.At(i)); got != text || p.person[i] != person[text] || p.of(person[text]) != int32(i) {
					t.Fatalf("%s, %d people: %q stands where %q should, or with another's number", name, n, got, text)
				}
			}
		}
	}
}
