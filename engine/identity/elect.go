package identity

import "slices"

// Person is what became of one member that another one's customer took in.
type Person struct {
	Member   int32
	Survivor int32 // whose customer id it has now
	Other    int32 // the member that it has the key in common with, or that the link names
	Via      Via
}

// Contested are the members of which one may give its customer the id, where more
// than one has an equally good claim: ascending. Elect wants them in the order of
// preference.
func (j *Joined) Contested() []int32 {
	best, claims := j.claims()
	var out []int32
	for m := range j.in.Spaces {
		root := j.sets.find(int32(m))
		if claims[root] > 1 && j.in.Spaces[m].rank() == best[root] {
			out = append(out, int32(m))
		}
	}
	return out
}

// claims finds, for the root of each set, the best rank of a member and how many
// members have it.
func (j *Joined) claims() (best []Space, claims []int32) {
	best, claims = make([]Space, len(j.in.Spaces)), make([]int32, len(j.in.Spaces))
	for m, space := range j.in.Spaces {
		root := j.sets.find(int32(m))
		switch rank := space.rank(); {
		case claims[root] == 0 || rank < best[root]:
			best[root], claims[root] = rank, 1
		case rank == best[root]:
			claims[root]++
		}
	}
	return best, claims
}

// Elect decides under which id each customer goes on: that of the best space, and
// among equals the one that preferred lists first. It returns the members whose
// customer has another member's id, in the order of their numbers.
func (j *Joined) Elect(preferred []int32) []Person {
	survivor := j.survivors(preferred)
	next := j.adjacency()
	out := make([]Person, 0, len(j.edges))
	came := make([]int32, len(j.in.Spaces)) // number of the edge + 1
	var queue []int32
	for m := range j.in.Spaces {
		from := int32(m)
		if survivor[j.sets.find(from)] != from {
			continue
		}
		queue = append(queue[:0], from)
		for q := 0; q < len(queue); q++ {
			at := queue[q]
			for _, i := range next.of(at) {
				other := j.edges[i].a + j.edges[i].b - at
				if other != from && came[other] == 0 {
					came[other] = i + 1
					queue = append(queue, other)
				}
			}
		}
	}
	for m, i := range came {
		if i == 0 {
			continue
		}
		member, e := int32(m), j.edges[i-1]
		p := Person{Member: member, Survivor: survivor[j.sets.find(member)], Other: e.a + e.b - member, Via: e.via}
		if key, ok := p.Via.Key(); ok && j.holds(p.Survivor, key) {
			p.Other = p.Survivor // who the customer is says more than whom the key met first
		}
		out = append(out, p)
	}
	return out
}

// holds reports whether a member has a key.
func (j *Joined) holds(m, key int32) bool {
	_, found := slices.BinarySearch(j.of(key), m)
	return found
}

// survivors is, for the root of each set, the member whose id is kept.
func (j *Joined) survivors(preferred []int32) []int32 {
	place := make(map[int32]int, len(preferred))
	for i, m := range preferred {
		place[m] = i + 1
	}
	survivor := make([]int32, len(j.in.Spaces))
	for i := range survivor {
		survivor[i] = -1
	}
	better := func(a, b int32) bool {
		if ra, rb := j.in.Spaces[a].rank(), j.in.Spaces[b].rank(); ra != rb {
			return ra < rb
		}
		return place[a] < place[b] // 0 for both where nobody else has a claim
	}
	for m := range j.in.Spaces {
		root := j.sets.find(int32(m))
		if was := survivor[root]; was < 0 || better(int32(m), was) {
			survivor[root] = int32(m)
		}
	}
	return survivor
}

// neighbours are the numbers of the edges at each member.
type neighbours struct{ start, edges []int32 }

func (n neighbours) of(m int32) []int32 { return n.edges[n.start[m]:n.start[m+1]] }

func (j *Joined) adjacency() neighbours {
	n := neighbours{start: make([]int32, len(j.in.Spaces)+1), edges: make([]int32, 2*len(j.edges))}
	for _, e := range j.edges {
		n.start[e.a+1]++
		n.start[e.b+1]++
	}
	for m := range j.in.Spaces {
		n.start[m+1] += n.start[m]
	}
	at := make([]int32, len(j.in.Spaces))
	copy(at, n.start)
	for i, e := range j.edges {
		for _, m := range [2]int32{e.a, e.b} {
			n.edges[at[m]] = int32(i)
			at[m]++
		}
	}
	return n
}
