package identity

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// world is an input written with letters: members and their spaces, keys and
// who holds them.
type world struct {
	members string   // space by letter: S shared, N named, e-mail guest E, phone guest P
	keys    []string // "e:0,1,2": kind (m, e, p; capital: ignored) and holders
	links   []string // "0+1" merge, "0-1" forbid
	limit   int
}

func (w world) input(t testing.TB) *Input {
	t.Helper()
	in := &Input{Limit: w.limit}
	for _, c := range w.members {
		in.Spaces = append(in.Spaces, Space(strings.IndexRune("SNEP", c)))
	}
	for k, key := range w.keys {
		kind, holders, _ := strings.Cut(key, ":")
		in.Kinds = append(in.Kinds, Kind(strings.Index("mep", strings.ToLower(kind))+1))
		in.Ignored = append(in.Ignored, kind != strings.ToLower(kind))
		for h := range strings.SplitSeq(holders, ",") {
			var m int32
			if _, err := fmt.Sscan(h, &m); err != nil {
				t.Fatal(err)
			}
			in.Keys, in.Holders = append(in.Keys, int32(k)), append(in.Holders, m)
		}
	}
	for i, link := range w.links {
		l := Link{Forbid: strings.Contains(link, "-"), Place: fmt.Sprintf("links.csv:%d", i+2)}
		if _, err := fmt.Sscanf(strings.NewReplacer("-", " ", "+", " ").Replace(link), "%d %d", &l.Left, &l.Right); err != nil {
			t.Fatal(err)
		}
		in.Links = append(in.Links, l)
	}
	return in
}

// told writes what became of it: "1>0 key 0" for each member that was joined.
func told(t testing.TB, in *Input, preferred ...int32) []string {
	t.Helper()
	j, err := Join(in)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, p := range j.Elect(preferred) {
		by := ""
		if k, ok := p.Via.Key(); ok {
			by = fmt.Sprintf("%v %d", in.Kinds[k], k)
		} else if l, ok := p.Via.Link(); ok {
			by = in.Links[l].Place
		}
		text := fmt.Sprintf("%d is %d, %s", p.Member, p.Survivor, by)
		if p.Other != p.Survivor {
			text += fmt.Sprintf(" as %d", p.Other)
		}
		out = append(out, text)
	}
	for _, x := range j.Excluded {
		switch x.Reason {
		case TooMany:
			out = append(out, fmt.Sprintf("key %d: %d people", x.Key, x.People))
		case Ignored:
			out = append(out, fmt.Sprintf("key %d: ignored, %d people", x.Key, x.People))
		case Forbidden:
			out = append(out, fmt.Sprintf("key %d: %s", x.Key, x.Place))
		case Hub:
			out = append(out, fmt.Sprintf("member %d: %d keys %v", x.Member, x.People, x.Kind))
		}
	}
	return out
}

func TestJoin(t *testing.T) {
	for _, c := range []struct {
		name string
		in   world
		want []string
	}{
		{"nothing", world{}, nil},
		{"nobody shares", world{members: "SS", keys: []string{"e:0", "e:1"}}, nil},
		{"a guest joins the account", world{members: "SE", keys: []string{"e:0,1"}, limit: 5}, []string{"1 is 0, e-mail 0"}},
		{"the shared space survives", world{members: "PENS", keys: []string{"p:0,1,2,3"}, limit: 5},
			[]string{"0 is 3, phone 0", "1 is 3, phone 0", "2 is 3, phone 0"}},
		{"then a named space", world{members: "PEN", keys: []string{"p:0,1,2"}, limit: 5}, []string{"0 is 2, phone 0", "1 is 2, phone 0"}},
		{"through others", world{members: "SEP", keys: []string{"e:0,1", "p:1,2"}, limit: 5}, []string{"1 is 0, e-mail 0", "2 is 0, phone 1 as 1"}},
		{"the stronger key is the reason", world{members: "SS", keys: []string{"p:0,1", "e:0,1", "m:0,1"}, limit: 5}, []string{"1 is 0, member id 2"}},
		{"a link is stronger still", world{members: "SS", keys: []string{"m:0,1"}, links: []string{"1+0"}, limit: 5}, []string{"1 is 0, links.csv:2"}},
		{"a row told twice", world{members: "SE", keys: []string{"e:0,1,1,0"}, limit: 1}, []string{"1 is 0, e-mail 0"}},

		{"as many people as allowed", world{members: "SSS", keys: []string{"p:0,1,2"}, limit: 3}, []string{"1 is 0, phone 0", "2 is 0, phone 0"}},
		{"one too many", world{members: "SSSS", keys: []string{"p:0,1,2,3"}, limit: 3}, []string{"key 0: 4 people"}},
		{"no limit", world{members: "SSSS", keys: []string{"p:0,1,2,3"}}, []string{"1 is 0, phone 0", "2 is 0, phone 0", "3 is 0, phone 0"}},
		{"the guest of the address is no further person", world{members: "SSSE", keys: []string{"e:0,1,2,3"}, limit: 3},
			[]string{"1 is 0, e-mail 0", "2 is 0, e-mail 0", "3 is 0, e-mail 0"}},
		{"guests of other addresses are", world{members: "EEEE", keys: []string{"p:0,1,2,3"}, limit: 3}, []string{"key 0: 4 people"}},
		{"ids that a member id joined are one person", world{members: "SSSS", keys: []string{"m:0,1", "p:0,1,2,3"}, limit: 3},
			[]string{"1 is 0, member id 0", "2 is 0, phone 1", "3 is 0, phone 1"}},
		{"a link by hand makes no room for others", world{members: "SSSS", keys: []string{"p:0,1,2,3"}, links: []string{"1+2"}, limit: 3},
			[]string{"2 is 1, links.csv:2", "key 0: 4 people"}},
		{"nor hides what a member id says", world{members: "SSSS", keys: []string{"m:0,1", "p:0,1,2,3"}, links: []string{"0+1"}, limit: 3},
			[]string{"1 is 0, links.csv:2", "2 is 0, phone 1", "3 is 0, phone 1"}},
		{"one telephone does not make room for another", world{members: "SSSS", keys: []string{"p:0,1", "p:0,1,2,3"}, limit: 3},
			[]string{"1 is 0, phone 0", "key 1: 4 people"}},
		{"the guest of an address of many joins nobody", world{members: "SSSEN", keys: []string{"e:0,1,2,3", "p:3,4"}, limit: 2}, []string{"key 0: 3 people"}},
		{"nor that of one ignored", world{members: "EN", keys: []string{"E:0", "p:0,1"}, limit: 2}, []string{"key 0: ignored, 0 people"}},
		{"ignored", world{members: "SN", keys: []string{"E:0,1", "p:0,1"}, limit: 2}, []string{"1 is 0, phone 1", "key 0: ignored, 2 people"}},
		{"an ignored address, a link all the same", world{members: "SE", keys: []string{"E:0,1"}, links: []string{"0+1"}, limit: 2},
			[]string{"1 is 0, links.csv:2", "key 0: ignored, 1 people"}},
		{"a counter at which anybody buys", world{members: "SSSSN", keys: []string{"p:0,4", "p:1,4", "p:2,4"}, limit: 2}, []string{"member 4: 3 keys phone"}},
		{"its other kinds still count", world{members: "SSSSN", keys: []string{"p:0,4", "p:1,4", "p:2,4", "e:3,4"}, limit: 2},
			[]string{"4 is 3, e-mail 3", "member 4: 3 keys phone"}},
		{"an account with several addresses is no counter", world{members: "SEEEE", keys: []string{"e:0,1", "e:0,2", "e:0,3", "e:0,4"}, limit: 2},
			[]string{"1 is 0, e-mail 0", "2 is 0, e-mail 1", "3 is 0, e-mail 2", "4 is 0, e-mail 3"}},
		{"a shop's telephone makes nobody a counter", world{members: "SSSS", keys: []string{"p:0,1,2,3", "p:0,1", "p:0,2"}, limit: 2},
			[]string{"1 is 0, phone 1", "2 is 0, phone 2", "key 0: 4 people"}},

		{"kept apart", world{members: "SS", keys: []string{"e:0,1"}, links: []string{"0-1"}, limit: 5}, []string{"key 0: links.csv:2"}},
		{"kept apart through others", world{members: "SNS", keys: []string{"e:0,1", "p:1,2"}, links: []string{"0-2"}, limit: 5},
			[]string{"1 is 0, e-mail 0", "key 1: links.csv:2"}},
		{"a key of two people says who of nobody", world{members: "SSE", keys: []string{"e:0,1,2"}, links: []string{"0-1"}, limit: 5}, []string{"key 0: links.csv:2"}},
		{"apart and together", world{members: "SSN", keys: []string{"e:0,1"}, links: []string{"0-1", "1+2"}, limit: 5},
			[]string{"2 is 1, links.csv:3", "key 0: links.csv:2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := told(t, c.in.input(t)); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// The id that is seen first goes on, where several have as good a claim.
func TestElect(t *testing.T) {
	in := world{members: "NSSSE", keys: []string{"e:0,1,2,3,4"}, limit: 5}.input(t)
	j, err := Join(in)
	if err != nil {
		t.Fatal(err)
	}
	if got := j.Contested(); !slices.Equal(got, []int32{1, 2, 3}) {
		t.Errorf("contested %v, want the three of the shared space", got)
	}
	want := []string{"0 is 2, e-mail 0", "1 is 2, e-mail 0", "3 is 2, e-mail 0", "4 is 2, e-mail 0"}
	if got := told(t, in, 2, 3, 1); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	alone, err := Join(world{members: "SNE", keys: []string{"e:0,1,2"}}.input(t))
	if err != nil {
		t.Fatal(err)
	}
	if got := alone.Contested(); len(got) > 0 {
		t.Errorf("contested %v, although one has the best claim", got)
	}
}

func TestContradiction(t *testing.T) {
	for _, c := range []struct {
		name  string
		links []string
		want  string
	}{
		{"at once", []string{"0+1", "1-0"}, "links.csv:3: forbids to join two ids that links.csv:2 merges: take one of these lines out"},
		{"through others", []string{"0-2", "0+1", "1+2"}, "links.csv:2: forbids to join two ids that links.csv:4, links.csv:3 merge: take one of these lines out"},
		{"through many", []string{"0+1", "1+2", "2+3", "3+4", "0-4"}, "links.csv:6: forbids to join two ids that links.csv:5, links.csv:4, links.csv:3 and 1 more merge: take one of these lines out"},
		{"with itself", []string{"0-0"}, "links.csv:2: forbids to join an id with itself: both columns name the same customer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Join(world{members: "SSSSS", links: c.links}.input(t))
			var contradiction *Contradiction
			if !errors.As(err, &contradiction) || err.Error() != c.want {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

// drawn is an input of few members and keys, so that everything meets.
func drawn(t *rapid.T) *Input {
	n := rapid.IntRange(1, 12).Draw(t, "members")
	keys := rapid.IntRange(0, 10).Draw(t, "keys")
	in := &Input{Limit: rapid.IntRange(0, 4).Draw(t, "limit")}
	member := rapid.Int32Range(0, int32(n-1))
	for range n {
		in.Spaces = append(in.Spaces, rapid.SampledFrom([]Space{SharedSpace, NamedSpace, EmailSpace, PhoneSpace}).Draw(t, "space"))
	}
	for range keys {
		in.Kinds = append(in.Kinds, rapid.SampledFrom(Kinds()).Draw(t, "kind"))
		in.Ignored = append(in.Ignored, rapid.IntRange(0, 9).Draw(t, "ignored") == 0)
	}
	if keys > 0 {
		for range rapid.IntRange(0, 25).Draw(t, "rows") {
			in.Keys = append(in.Keys, rapid.Int32Range(0, int32(keys-1)).Draw(t, "key"))
			in.Holders = append(in.Holders, member.Draw(t, "holder"))
		}
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "links") {
		in.Links = append(in.Links, Link{Left: member.Draw(t, "left"), Right: member.Draw(t, "right"),
			Forbid: rapid.Bool().Draw(t, "forbid"), Place: fmt.Sprintf("links.csv:%d", i+2)})
	}
	return in
}

// people is whose customer each member is.
func people(in *Input, j *Joined) []int32 {
	out := make([]int32, len(in.Spaces))
	for m := range out {
		out[m] = int32(m)
	}
	for _, p := range j.Elect(nil) {
		out[p.Member] = p.Survivor
	}
	return out
}

// Rows in any order, told any number of times, give the same customers for the
// same reasons.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawn(t)
		j, err := Join(in)
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		mixed := *in
		mixed.Keys, mixed.Holders = nil, nil
		for range 2 {
			for _, i := range random.Perm(len(in.Keys)) {
				mixed.Keys, mixed.Holders = append(mixed.Keys, in.Keys[i]), append(mixed.Holders, in.Holders[i])
			}
		}
		k, err2 := Join(&mixed)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("in order: %v; mixed: %v", err, err2)
		}
		if err != nil {
			return
		}
		if a, b := j.Elect(nil), k.Elect(nil); !slices.Equal(a, b) {
			t.Fatalf("in order %v, mixed %v", a, b)
		}
		if !slices.Equal(j.Excluded, k.Excluded) {
			t.Fatalf("excluded in order %v, mixed %v", j.Excluded, k.Excluded)
		}
		links := *in
		links.Links = slices.Clone(in.Links)
		random.Shuffle(len(links.Links), func(a, b int) { links.Links[a], links.Links[b] = links.Links[b], links.Links[a] })
		l, err := Join(&links)
		if err != nil {
			t.Fatalf("links in another order contradict each other: %v", err)
		}
		if a, b := people(in, j), people(&links, l); !slices.Equal(a, b) {
			t.Fatalf("customers %v, with links in another order %v", a, b)
		}
	})
}

// Links are obeyed: who is to be one customer is, who is not never is, and only
// links that contradict each other are an error.
func TestLinksAreObeyed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawn(t)
		forced := &Input{Spaces: in.Spaces}
		for _, l := range in.Links {
			if !l.Forbid {
				forced.Links = append(forced.Links, l)
			}
		}
		together := reference(forced)
		contradict := slices.ContainsFunc(in.Links, func(l Link) bool { return l.Forbid && together[l.Left] == together[l.Right] })
		j, err := Join(in)
		if (err != nil) != contradict {
			t.Fatalf("error %v, the links contradict each other: %v", err, contradict)
		}
		if err != nil {
			return
		}
		who := people(in, j)
		for _, l := range in.Links {
			if same := who[l.Left] == who[l.Right]; same == l.Forbid {
				t.Fatalf("%s: forbid %v, one customer %v", l.Place, l.Forbid, same)
			}
		}
	})
}

// reference is connected components by walking, with no guard but ignored keys
// and forced links: for each member the smallest member it hangs together with.
func reference(in *Input) []int {
	holders := make([][]int32, len(in.Kinds))
	for i, k := range in.Keys {
		if in.Ignored == nil || !in.Ignored[k] {
			holders[k] = append(holders[k], in.Holders[i])
		}
	}
	next := make([][]int32, len(in.Spaces))
	tie := func(a, b int32) { next[a], next[b] = append(next[a], b), append(next[b], a) }
	for _, all := range holders {
		for _, a := range all {
			for _, b := range all {
				tie(a, b)
			}
		}
	}
	for _, l := range in.Links {
		if !l.Forbid {
			tie(l.Left, l.Right)
		}
	}
	out := make([]int, len(in.Spaces))
	for m := range out {
		out[m] = -1
	}
	for m := range out {
		if out[m] >= 0 {
			continue
		}
		out[m] = m
		for queue := []int32{int32(m)}; len(queue) > 0; queue = queue[1:] {
			for _, other := range next[queue[0]] {
				if out[other] < 0 {
					out[other] = m
					queue = append(queue, other)
				}
			}
		}
	}
	return out
}

// Without guards customers are connected components.
func TestConnectedComponents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawn(t)
		in.Limit, in.Ignored = 0, nil
		in.Links = slices.DeleteFunc(in.Links, func(l Link) bool { return l.Forbid })
		j, err := Join(in)
		if err != nil {
			t.Fatal(err)
		}
		who, want := people(in, j), reference(in)
		for a := range who {
			for b := range who {
				if (who[a] == who[b]) != (want[a] == want[b]) {
					t.Fatalf("members %d and %d: one customer %v, connected %v", a, b, who[a] == who[b], want[a] == want[b])
				}
			}
		}
	})
}

// Guards only keep apart; the survivor is one of the best space; every reason is a
// key that both hold, or a link that names both; and following the reasons leads
// to the survivor.
func TestPeopleMakeSense(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawn(t)
		j, err := Join(in)
		if err != nil {
			return
		}
		who, most := people(in, j), reference(in)
		holds := map[[2]int32]bool{}
		for i := range in.Keys {
			holds[[2]int32{in.Keys[i], in.Holders[i]}] = true
		}
		reasons := map[int32]Person{}
		for _, p := range j.Elect(nil) {
			reasons[p.Member] = p
			if k, ok := p.Via.Key(); ok && !(holds[[2]int32{k, p.Member}] && holds[[2]int32{k, p.Other}]) {
				t.Fatalf("%+v: not both hold the key", p)
			}
			if i, ok := p.Via.Link(); ok {
				l := in.Links[i]
				if l.Forbid || l.Left+l.Right != p.Member+p.Other || l.Left != p.Member && l.Left != p.Other {
					t.Fatalf("%+v: the link is %+v", p, l)
				}
			}
			if in.Spaces[p.Survivor].rank() > in.Spaces[p.Member].rank() {
				t.Fatalf("%+v: the survivor is of a worse space", p)
			}
		}
		for m := range who {
			if most[m] != most[who[m]] {
				t.Fatalf("member %d is %d, with which it is not connected", m, who[m])
			}
			at := int32(m)
			for range who {
				if p, ok := reasons[at]; ok {
					at = p.Other
				}
			}
			if at != who[m] {
				t.Fatalf("the reasons of member %d lead to %d, not to %d", m, at, who[m])
			}
		}
	})
}

// A key that joins more people than the limit never does: of members without
// stronger evidence at most limit are tied together by one key.
func TestLimitHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "holders")
		limit := rapid.IntRange(1, 12).Draw(t, "limit")
		in := &Input{Kinds: []Kind{Phone}, Limit: limit}
		for m := range n {
			in.Spaces = append(in.Spaces, SharedSpace)
			in.Keys, in.Holders = append(in.Keys, 0), append(in.Holders, int32(m))
		}
		j, err := Join(in)
		if err != nil {
			t.Fatal(err)
		}
		want := n - 1
		if n > limit {
			want = 0
		}
		if got := len(j.Elect(nil)); got != want {
			t.Fatalf("%d holders, limit %d: %d joined, want %d", n, limit, got, want)
		}
	})
}

// Ten million members would be too many for a test; the shape is the same.
func BenchmarkJoin(b *testing.B) {
	const n = 1_000_000
	in := &Input{Spaces: make([]Space, 2*n), Kinds: make([]Kind, n), Limit: 5}
	for i := range n {
		in.Spaces[n+i], in.Kinds[i] = EmailSpace, Email
		in.Keys = append(in.Keys, int32(i), int32(i))
		in.Holders = append(in.Holders, int32(i), int32(n+(i*7919)%n))
	}
	b.ReportAllocs()
	for b.Loop() {
		j, err := Join(in)
		if err != nil {
			b.Fatal(err)
		}
		if got := len(j.Elect(nil)); got != n {
			b.Fatalf("%d joined, want %d", got, n)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "keys/s")
}
