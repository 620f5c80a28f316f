package engine

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"math/bits"
	"slices"

	"clientele/engine/table"
	"clientele/models/stat"
)

// people are the customers whom facts may be of, in the order of their ids: the number of
// a customer is their place in it.
type people struct {
	ids     *table.Column // customer_id
	person  []int64
	numbers memberNumbers // of persons
	others  memberNumbers // of members who are not their customer's person
}

// len is how many they are.
func (p *people) len() int { return len(p.person) }

// of is the number of a member's customer; -1 of a member who is nobody known.
func (p *people) of(member int64) int32 {
	if number := p.numbers.of(member); number >= 0 || p.others.slots == nil {
		return number
	}
	return p.others.of(member)
}

// at are the people at some places, without their numbers.
func (p *people) at(places []int32) *people {
	out := &people{ids: &table.Column{Field: p.ids.Field}, person: make([]int64, len(places))}
	texts := &p.ids.Texts
	out.ids.Texts = table.Strings{Offsets: make([]int32, 1, len(places)+1)}
	if len(places) == p.len() {
		out.ids.Texts.Bytes = make([]byte, 0, len(texts.Bytes))
	}
	for k, i := range places {
		out.person[k] = p.person[i]
		out.ids.Texts.Append(texts.At(int(i)))
	}
	return out
}

// some are the people at some places, ascending, with the members who are theirs; place
// is where each of all the people stands among them, or -1.
func (p *people) some(places, place []int32) *people {
	out := p.at(places)
	out.number()
	var members []memberSlot
	for _, s := range p.others.slots {
		if s.after > 0 && place[s.after-1] >= 0 {
			members = append(members, memberSlot{member: s.member, after: place[s.after-1]})
		}
	}
	if len(members) == 0 {
		return out
	}
	out.others = newMemberNumbers(len(members))
	for _, m := range members {
		out.others.add(m.member, m.after)
	}
	return out
}

// number gives the people their numbers.
func (p *people) number() {
	p.numbers = newMemberNumbers(p.len())
	for i, person := range p.person {
		p.numbers.add(person, int32(i))
	}
}

// people reads one customer of so many, by the hash that is the person's number;
// known is told how many they are before any is held.
func (r *orderReader) people(every int64, known func(n int) error) (*people, error) {
	var n, others int
	var last int64
	err := r.db.Row(r.ctx, []any{&n, &others, &last}, "SELECT count(*) FILTER (member = person), count(*) FILTER (member <> person), coalesce(max(rowid), -1) FROM identities WHERE person % $every = 0", sql.Named("every", every))
	if err != nil {
		return nil, err
	}
	if err := known(n); err != nil {
		return nil, err
	}
	p := &people{person: make([]int64, 0, n), ids: &table.Column{Field: table.Field{Name: "customer_id", Kind: table.Text}}}
	for from := int64(0); from <= last; from += peoplePage {
		err := r.db.Chunks(r.ctx, "SELECT person, customer_id FROM identities WHERE member = person AND person % $every = 0 AND rowid BETWEEN $from AND $to", func(t *table.Table) error {
			p.person = append(p.person, t.Ints("person")...)
			if ids := t.Column("customer_id"); p.ids.Len() == 0 {
				p.ids = ids.Reserve(n)
			} else {
				p.ids.Extend(ids)
			}
			return nil
		}, sql.Named("every", every), sql.Named("from", from), sql.Named("to", from+peoplePage-1))
		if err != nil {
			return nil, err
		}
	}
	p.sort(r.workers)
	p.number()
	if others == 0 {
		return p, nil
	}
	p.others = newMemberNumbers(others)
	err = r.db.Chunks(r.ctx, "SELECT member, person FROM identities WHERE member <> person AND person % $every = 0", func(t *table.Table) error {
		people := t.Ints("person")
		for i, member := range t.Ints("member") {
			if number := p.numbers.of(people[i]); number >= 0 {
				p.others.add(member, number)
			}
		}
		return nil
	}, sql.Named("every", every))
	return p, err
}

// sort puts people in the order of their ids.
func (p *people) sort(workers int) {
	list := make([]idKey, p.len())
	for i := range list {
		list[i].at = int32(i)
	}
	sortIDs(workers, &p.ids.Texts, list, make([]idKey, len(list)), 0)
	places := make([]int32, len(list))
	for i, k := range list {
		places[i] = k.at
	}
	if !slices.IsSorted(places) {
		*p = *p.at(places)
	}
}

// idKey is an id by its place, with the eight bytes that it is sorted by.
type idKey struct {
	bytes uint64
	at    int32
}

// fewIDs are compared with each other sooner than taken apart.
const fewIDs = 64

// sortIDs sorts a list of ids that have their first bytes, so many, in common. spare is of
// the same length and holds nothing of use.
func sortIDs(workers int, ids *table.Strings, list, spare []idKey, common int) {
	compare := func(a, b idKey) int { return bytes.Compare(ids.At(int(a.at)), ids.At(int(b.at))) }
	common = commonBytes(ids, list, common)
	if len(list) < fewIDs {
		slices.SortFunc(list, compare)
		return
	}
	differ := uint64(0)
	for i := range list {
		var next [8]byte
		copy(next[:], ids.At(int(list[i].at))[common:])
		list[i].bytes = binary.BigEndian.Uint64(next[:])
		differ |= list[i].bytes ^ list[0].bytes
	}
	pack(list, differ)
	sorted, other := stat.SortByUint(workers, list, spare, func(k idKey) uint64 { return k.bytes })
	for from, to := 0, 0; from < len(sorted); from = to {
		for to = from + 1; to < len(sorted) && sorted[to].bytes == sorted[from].bytes; to++ {
		}
		switch {
		case to == from+1:
		case to-from == len(list): // they end here or go on with zeros
			slices.SortFunc(sorted, compare)
		default:
			sortIDs(workers, ids, sorted[from:to], other[from:to], common)
		}
	}
	copy(list, sorted)
}

// pack leaves of each of eight bytes the last bits, as many as have one in which ids
// differ: four where they are digits.
func pack(list []idKey, differ uint64) {
	var from, width [8]int
	for k := range width {
		from[k] = 56 - 8*k
		width[k] = bits.Len8(uint8(differ >> from[k]))
	}
	for i := range list {
		packed := uint64(0)
		for k, width := range width {
			packed = packed<<width | list[i].bytes>>from[k]&(1<<width-1)
		}
		list[i].bytes = packed
	}
}

// commonBytes is how many first bytes the ids of a list have in common, who are known to have some.
func commonBytes(ids *table.Strings, list []idKey, known int) int {
	if len(list) == 0 {
		return 0
	}
	first := ids.At(int(list[0].at))
	common := len(first)
	for _, k := range list[1:] {
		id := ids.At(int(k.at))
		common = min(common, len(id))
		for known < common && !bytes.Equal(first[known:common], id[known:common]) {
			common--
		}
	}
	return common
}

// peoplePage is how many people are read at once: the store holds an answer whole, beside
// its own memory, until it is copied.
const peoplePage = 1 << 18

// memberNumbers are the numbers of the customers whom members belong to.
type memberNumbers struct {
	slots []memberSlot
	shift int
}

type memberSlot struct {
	member int64
	after  int32 // one more than the number; 0: nobody is here
	place  int32 // how many have slots before this one, once places has run
}

// newMemberNumbers makes room for n members.
func newMemberNumbers(n int) memberNumbers {
	size := bits.Len(uint(n + n/3 + 1)) // at most three of four slots are taken
	return memberNumbers{slots: make([]memberSlot, 1<<size), shift: 64 - size}
}

// slot is where a member stands, or would.
func (m *memberNumbers) slot(member int64) *memberSlot {
	for at := m.hash(member) >> m.shift; ; at++ {
		s := &m.slots[at&uint64(len(m.slots)-1)]
		if s.after == 0 || s.member == member {
			return s
		}
	}
}

func (m *memberNumbers) add(member int64, number int32) {
	*m.slot(member) = memberSlot{member: member, after: number + 1}
}

// hash scatters members, which are hashes, where they are not.
func (m *memberNumbers) hash(member int64) uint64 { return uint64(member) * 0x9E3779B97F4A7C15 }

// places gives everybody a place in the order of the slots and returns those of the
// numbers.
func (m *memberNumbers) places(people int) []int32 {
	out, at := make([]int32, people), int32(0)
	for i := range m.slots {
		if s := &m.slots[i]; s.after > 0 {
			out[s.after-1], s.place = at, at
			at++
		}
	}
	return out
}

// of is the number of a member's customer; -1 of a member who is nobody known.
func (m *memberNumbers) of(member int64) int32 { return m.slot(member).after - 1 }
