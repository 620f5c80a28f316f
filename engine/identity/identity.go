// Package identity decides which ids are one customer: ids that share a member
// id, an e-mail address or a telephone number, or that a link file names, belong
// together, and so do all that hang together through them. Guards keep apart what
// a shared address would tie together by mistake. The answer depends on what is
// known, never on the order in which it came.
//
// Members (ids of an id space) and keys (addresses) are numbers from 0 here; the
// caller knows what they stand for.
package identity

// Kind is a kind of key. A smaller kind is the stronger evidence and joins first.
type Kind uint8

// The kinds of key.
const (
	MemberID Kind = 1
	Email    Kind = 2
	Phone    Kind = 3
)

// Kinds are the kinds of key, the strongest first.
func Kinds() []Kind { return []Kind{MemberID, Email, Phone} }

// String is the kind as people and the store call it.
func (k Kind) String() string {
	switch k {
	case MemberID:
		return "member id"
	case Email:
		return "e-mail"
	case Phone:
		return "phone"
	}
	return "unknown"
}

// Space says what an id is of.
type Space uint8

// The sorts of id spaces.
const (
	SharedSpace Space = 0 // the space that sources share
	NamedSpace  Space = 1 // a space of one source or of a few
	EmailSpace  Space = 2 // guests known by an e-mail address: the id is made from it
	PhoneSpace  Space = 3 // guests known by a telephone number
)

// rank is who gives a customer its id: the smallest.
func (s Space) rank() Space { return min(s, EmailSpace) }

// madeFrom reports whether an id of the space is made from a key of that kind: it
// is the address, not one more person who holds it.
func (s Space) madeFrom(k Kind) bool {
	return s == EmailSpace && k == Email || s == PhoneSpace && k == Phone
}

// Input is what is known. Among members of equally good spaces the smaller number
// is preferred until Elect is told better; keys of one kind join in the order of
// their numbers. So numbers must not depend on the order of loading.
type Input struct {
	Spaces  []Space // of each member
	Kinds   []Kind  // of each key
	Ignored []bool  // keys that join nobody; as long as Kinds, or nil: none
	// Row i says that member Holders[i] has key Keys[i]. Rows may come in any order
	// and more than once.
	Keys, Holders []int32
	Links         []Link
	Limit         int // most different people who may hold a key that joins them; 0: any number
}

// Link is a row of a link file whose ids are known.
type Link struct {
	Left, Right int32  // members
	Forbid      bool   // never join them; else: always
	Place       string // file and line
}

// Reason is why a key, or a member's keys of one kind, joined nobody.
type Reason uint8

// The reasons.
const (
	TooMany   Reason = 1 // more people hold the key than the limit
	Ignored   Reason = 2 // the configuration names the key
	Forbidden Reason = 3 // it would join whom a link keeps apart
	Hub       Reason = 4 // one id has so many keys of a kind in common with others that it is no person
)

// Exclusion is a key, or for reason Hub a member and a kind, that joined nobody.
type Exclusion struct {
	Key    int32 // -1 for Hub
	Kind   Kind
	Reason Reason
	People int    // different people who hold the key; for Hub: keys it has in common with others
	Member int32  // Hub only, else -1
	Place  string // Forbidden: of the link
}

// Joined is who belongs together, before it is decided under which id.
type Joined struct {
	Excluded []Exclusion // by kind, then by reason as found, then by key or member

	in      *Input
	sets    sets
	edges   []edge
	start   []int32 // holders of key k are holders[start[k]:start[k+1]], ascending, each once
	holders []int32
}

// edge is one joining: two members and the key or the link that did it.
type edge struct {
	a, b int32
	via  Via
}

// Via is what joined a member to another: the number of a key, or of a link.
type Via int32

// Key is the number of the key; false when it was a link.
func (v Via) Key() (int32, bool) { return int32(v), v >= 0 }

// Link is the number of the link; false when it was a key.
func (v Via) Link() (int32, bool) { return -int32(v) - 1, v < 0 }

func viaLink(i int) Via { return Via(-i - 1) }

// Join finds who belongs together. An error says that links contradict each other.
func Join(in *Input) (*Joined, error) {
	j := &joiner{
		Joined:  &Joined{in: in, sets: newSets(len(in.Spaces))},
		evident: newSets(len(in.Spaces)),
		blocked: make([]bool, len(in.Spaces)),
		seen:    make([]int32, len(in.Spaces)),
	}
	if err := j.links(); err != nil {
		return nil, err
	}
	j.group()
	for _, kind := range Kinds() {
		j.kind(kind)
	}
	return j.Joined, nil
}

// joiner is the work of Join.
type joiner struct {
	*Joined
	evident sets              // as sets, without what links joined
	blocked []bool            // guests whose address is of several people: their other keys say nothing
	hubs    map[int32]bool    // members whose keys of the current kind say nothing
	foes    map[int32][]enemy // by the root of a set: whom its members must not meet
	seen    []int32           // by root: the last stamp that met it
	stamp   int32
	roots   []int32 // of the key at hand
}

// enemy is a member that a set must not be joined with, and where that is said.
type enemy struct {
	member int32
	link   int32
}

// links joins what links say belongs together, and fails when others forbid that.
func (j *joiner) links() error {
	for i, l := range j.in.Links {
		if !l.Forbid && j.sets.join(l.Left, l.Right) {
			j.edges = append(j.edges, edge{l.Left, l.Right, viaLink(i)})
		}
	}
	j.foes = map[int32][]enemy{}
	for i, l := range j.in.Links {
		if !l.Forbid {
			continue
		}
		a, b := j.sets.find(l.Left), j.sets.find(l.Right)
		if a == b {
			return &Contradiction{Forbids: l.Place, Merges: j.path(l.Left, l.Right)}
		}
		j.foes[a] = append(j.foes[a], enemy{l.Right, int32(i)})
		j.foes[b] = append(j.foes[b], enemy{l.Left, int32(i)})
	}
	return nil
}

// path is where the links stand that join two members.
func (j *joiner) path(from, to int32) []string {
	came := j.walk(from)
	var places []string
	for at := to; at != from; {
		e := j.edges[came[at]]
		link, _ := e.via.Link()
		places = append(places, j.in.Links[link].Place)
		at = e.a + e.b - at
	}
	return places
}

// walk goes along the edges from a member to all that it is joined with, and
// gives the number of the edge by which each was reached.
func (j *joiner) walk(from int32) map[int32]int {
	next := map[int32][]int{}
	for i, e := range j.edges {
		next[e.a], next[e.b] = append(next[e.a], i), append(next[e.b], i)
	}
	came := map[int32]int{}
	for queue := []int32{from}; len(queue) > 0; queue = queue[1:] {
		for _, i := range next[queue[0]] {
			other := j.edges[i].a + j.edges[i].b - queue[0]
			if _, known := came[other]; !known && other != from {
				came[other] = i
				queue = append(queue, other)
			}
		}
	}
	return came
}

// group sorts the rows by key and member and drops repeats, by counting.
func (j *joiner) group() {
	byMember := order(j.in.Holders, len(j.in.Spaces), nil)
	byKey := order(j.in.Keys, len(j.in.Kinds), byMember)
	j.start = make([]int32, len(j.in.Kinds)+1)
	j.holders = make([]int32, 0, len(byKey))
	last := int32(-1)
	for _, row := range byKey {
		key, holder := j.in.Keys[row], j.in.Holders[row]
		if key == last && j.holders[len(j.holders)-1] == holder {
			continue
		}
		last = key
		j.holders = append(j.holders, holder)
		j.start[key+1]++
	}
	for k := range j.in.Kinds {
		j.start[k+1] += j.start[k]
	}
}

// order is the rows in ascending order of values below n, those with equal values
// in the order in which rows lists them; nil rows are all in their own order.
func order(values []int32, n int, rows []int32) []int32 {
	at := make([]int32, n+1)
	for _, v := range values {
		at[v+1]++
	}
	for i := range n {
		at[i+1] += at[i]
	}
	out := make([]int32, len(values))
	place := func(row int32) {
		v := values[row]
		out[at[v]] = row
		at[v]++
	}
	if rows == nil {
		for row := range values {
			place(int32(row))
		}
		return out
	}
	for _, row := range rows {
		place(row)
	}
	return out
}

// of is the members that hold a key.
func (j *Joined) of(key int32) []int32 { return j.holders[j.start[key]:j.start[key+1]] }

// kind joins by the keys of one kind. Whether a key is of too many people is
// decided for all keys of the kind before the first one joins anybody, so that
// one key cannot make room for another.
func (j *joiner) kind(kind Kind) {
	var keys []int32
	for k, of := range j.in.Kinds {
		switch {
		case of != kind:
		case j.in.Ignored != nil && j.in.Ignored[k]:
			j.exclude(int32(k), Ignored, j.people(int32(k), kind), "")
		default:
			keys = append(keys, int32(k))
		}
	}
	j.findHubs(keys, kind)
	good := keys[:0]
	for _, k := range keys {
		if n := j.people(k, kind); j.in.Limit > 0 && n > j.in.Limit {
			j.exclude(k, TooMany, n, "")
			continue
		}
		good = append(good, k)
	}
	for _, k := range good {
		j.joinBy(k)
	}
}

// exclude notes a key that joins nobody. An id that is made from an address of
// several people is of several people too, so its other keys join nobody either.
func (j *joiner) exclude(key int32, why Reason, people int, place string) {
	kind := j.in.Kinds[key]
	j.Excluded = append(j.Excluded, Exclusion{Key: key, Kind: kind, Reason: why, People: people, Member: -1, Place: place})
	if why == Forbidden {
		return
	}
	for _, m := range j.of(key) {
		if j.in.Spaces[m].madeFrom(kind) {
			j.blocked[m] = true
		}
	}
}

// takesPart reports whether a member's keys of the current kind say who it is.
func (j *joiner) takesPart(m int32) bool { return !j.blocked[m] && !j.hubs[m] }

// people counts the different people who hold a key: members that stronger keys
// joined count once, and an id made from the address itself not at all. Links do not
// lower the count: one written by hand is to join whom it names, and not all those
// who share an address with them, which is of too many people without it.
func (j *joiner) people(key int32, kind Kind) int {
	j.stamp++
	n := 0
	for _, m := range j.of(key) {
		if !j.takesPart(m) || j.in.Spaces[m].madeFrom(kind) {
			continue
		}
		if root := j.evident.find(m); j.seen[root] != j.stamp {
			j.seen[root] = j.stamp
			n++
		}
	}
	return n
}

// findHubs finds the members that have more keys of a kind in common with other
// people than a key may have holders: the id of a counter at which anybody buys,
// or of an address to which no customer answers.
func (j *joiner) findHubs(keys []int32, kind Kind) {
	j.hubs = map[int32]bool{}
	if j.in.Limit <= 0 {
		return
	}
	count := make([]int32, len(j.in.Spaces))
	for _, k := range keys {
		n := j.people(k, kind)
		for _, m := range j.of(k) {
			others := n
			if !j.in.Spaces[m].madeFrom(kind) {
				others-- // itself
			}
			if others > 0 && n <= j.in.Limit && j.takesPart(m) {
				count[m]++
			}
		}
	}
	for m, n := range count {
		if int(n) > j.in.Limit {
			j.hubs[int32(m)] = true
			j.Excluded = append(j.Excluded, Exclusion{Key: -1, Kind: kind, Reason: Hub, People: int(n), Member: int32(m)})
		}
	}
}

// joinBy joins all who hold a key, or nobody: when a link keeps two of them
// apart, the key is of two people and says of none of its holders who it is.
func (j *joiner) joinBy(key int32) {
	best, roots := int32(-1), j.roots[:0]
	j.stamp++
	for _, m := range j.of(key) {
		if !j.takesPart(m) {
			continue
		}
		if best < 0 || j.in.Spaces[m].rank() < j.in.Spaces[best].rank() {
			best = m
		}
		if root := j.sets.find(m); j.seen[root] != j.stamp {
			j.seen[root] = j.stamp
			roots = append(roots, root)
		}
	}
	j.roots = roots
	if len(roots) == 0 {
		return
	}
	if link := j.forbids(roots); link >= 0 {
		j.exclude(key, Forbidden, len(roots), j.in.Links[link].Place)
		return
	}
	for _, m := range j.of(key) {
		if j.takesPart(m) {
			j.evident.join(best, m)
			j.union(best, m, Via(key))
		}
	}
}

// forbids is the first link that keeps two of the sets apart that were stamped
// last, or -1.
func (j *joiner) forbids(roots []int32) int32 {
	first := int32(-1)
	if len(j.foes) == 0 {
		return first
	}
	for _, root := range roots {
		for _, e := range j.foes[root] {
			if other := j.sets.find(e.member); other != root && j.seen[other] == j.stamp && (first < 0 || e.link < first) {
				first = e.link
			}
		}
	}
	return first
}

// union joins the sets of two members, and what they must not meet.
func (j *joiner) union(a, b int32, via Via) {
	ra, rb := j.sets.find(a), j.sets.find(b)
	if !j.sets.join(a, b) {
		return
	}
	j.edges = append(j.edges, edge{a, b, via})
	if len(j.foes[ra])+len(j.foes[rb]) == 0 {
		return
	}
	foes := append(j.foes[ra], j.foes[rb]...)
	delete(j.foes, ra)
	delete(j.foes, rb)
	j.foes[j.sets.find(a)] = foes
}

// sets are disjoint sets of members.
type sets struct {
	parent []int32
	size   []int32
}

func newSets(n int) sets {
	s := sets{parent: make([]int32, n), size: make([]int32, n)}
	for i := range n {
		s.parent[i], s.size[i] = int32(i), 1
	}
	return s
}

// find is the root of a member's set.
func (s sets) find(m int32) int32 {
	for s.parent[m] != m {
		s.parent[m] = s.parent[s.parent[m]]
		m = s.parent[m]
	}
	return m
}

// join makes one set of two and reports whether they were two.
func (s sets) join(a, b int32) bool {
	a, b = s.find(a), s.find(b)
	if a == b {
		return false
	}
	if s.size[a] < s.size[b] {
		a, b = b, a
	}
	s.parent[b] = a
	s.size[a] += s.size[b]
	return true
}
