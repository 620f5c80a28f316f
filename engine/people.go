package engine

import (
	"context"
	"database/sql"
	"math/bits"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
)

// people are the customers whom facts may be of, in the order of their ids: the number of
// a customer is their place in it.
type people struct {
	ids     *table.Column // customer_id
	person  []int64
	numbers memberNumbers
}

// len is how many they are.
func (p *people) len() int { return len(p.person) }

// at are the people at some places, without their numbers.
func (p *people) at(places []int32) *people {
	out := &people{ids: &table.Column{Field: p.ids.Field}, person: make([]int64, len(places))}
	for k, i := range places {
		out.person[k] = p.person[i]
		out.ids.Texts.Append(p.ids.Texts.At(int(i)))
	}
	return out
}

// some are the people at some places, ascending, with the members who are theirs; place
// is where each of all the people stands among them, or -1.
func (p *people) some(places, place []int32) *people {
	out, members := p.at(places), 0
	for _, s := range p.numbers.slots {
		if s.after > 0 && place[s.after-1] >= 0 {
			members++
		}
	}
	out.numbers = newMemberNumbers(members)
	for _, s := range p.numbers.slots {
		if s.after > 0 && place[s.after-1] >= 0 {
			out.numbers.add(s.member, place[s.after-1])
		}
	}
	return out
}

// readPeople reads one customer of so many, by the hash that is the person's number;
// known is told how many they are before any is held.
func readPeople(ctx context.Context, db *duck.DB, every int64, known func(n int) error) (*people, error) {
	var n, others int
	err := db.Row(ctx, []any{&n, &others}, "SELECT count(*) FILTER (member = person), count(*) FILTER (member <> person) FROM identities WHERE person % $every = 0", sql.Named("every", every))
	if err != nil {
		return nil, err
	}
	if err := known(n); err != nil {
		return nil, err
	}
	p := &people{person: make([]int64, 0, n), numbers: newMemberNumbers(n + others)}
	// By way of a table of the store's own, which it may put on the disk.
	err = db.Statements(ctx, "CREATE OR REPLACE TEMP TABLE people AS SELECT person, customer_id FROM identities WHERE member = person AND person % $every = 0 ORDER BY customer_id", sql.Named("every", every))
	if err != nil {
		return nil, err
	}
	for from := 0; from == 0 || from < n; from += peoplePage {
		page, err := db.Query(ctx, "SELECT person, customer_id FROM people WHERE rowid BETWEEN $from AND $to", sql.Named("from", from), sql.Named("to", from+peoplePage-1))
		if err != nil {
			return nil, err
		}
		for _, person := range page.Ints("person") {
			p.numbers.add(person, int32(len(p.person)))
			p.person = append(p.person, person)
		}
		if from == 0 {
			p.ids = page.Column("customer_id").Reserve(n)
			continue
		}
		p.ids.Extend(page.Column("customer_id"))
	}
	if err := db.Exec(ctx, "DROP TABLE people"); err != nil || others == 0 {
		return p, err
	}
	err = db.Chunks(ctx, "SELECT member, person FROM identities WHERE member <> person AND person % $every = 0", func(t *table.Table) error {
		people := t.Ints("person")
		for i, member := range t.Ints("member") {
			if number := p.numbers.of(people[i]); number >= 0 {
				p.numbers.add(member, number)
			}
		}
		return nil
	}, sql.Named("every", every))
	return p, err
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
}

// newMemberNumbers makes room for n members.
func newMemberNumbers(n int) memberNumbers {
	size := bits.Len(uint(n + n/3 + 1)) // at most three of four slots are taken
	return memberNumbers{slots: make([]memberSlot, 1<<size), shift: 64 - size}
}

// slot is where a member stands, or would. Members are hashes; where they are not, the
// factor scatters them.
func (m *memberNumbers) slot(member int64) *memberSlot {
	for at := uint64(member) * 0x9E3779B97F4A7C15 >> m.shift; ; at++ {
		s := &m.slots[at&uint64(len(m.slots)-1)]
		if s.after == 0 || s.member == member {
			return s
		}
	}
}

func (m *memberNumbers) add(member int64, number int32) {
	*m.slot(member) = memberSlot{member: member, after: number + 1}
}

// of is the number of a member's customer; -1 of a member who is nobody known.
func (m *memberNumbers) of(member int64) int32 { return m.slot(member).after - 1 }
