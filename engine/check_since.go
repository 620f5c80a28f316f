package engine

import (
	"context"
	"database/sql"
	"slices"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/queries"
)

// A night that loads a thousandth more need not look at everything again for keys that
// stand twice and members whom nobody knows: where a check found nothing, only what was
// loaded since can have brought something. It is sound by three things.
//
// The note of the last night says which checks found nothing, and in which store: the one
// of that hash. Every other way to change a store, a load or a rollback by hand, a rebuild,
// a backup that is put back, a night that ended before its checks, leaves one of another
// hash, and of a store without a recorded hash nothing is taken as known.
//
// While the night loads into that store, it keeps what rows come into the tables that were
// looked at: those of new batches are told by their number, those that come back from
// versions set aside by the ids that are settled (rank and settleRest put back no other),
// new identities by their place. Orders whose worth changes with their lines have new lines
// or settled ones. Rows that go cannot bring a fault, but for identities; those that go or
// that change, as when two customers are found to be one, are not kept, and then the checks
// that look at identities look at all. The same holds for so many rows that looking at
// them alone would cost more.
//
// Whatever is found in this way, if only perhaps, has the check itself run, so what is told
// of it is what the check by hand tells.

// proven is which checks of the program found nothing in a store.
type proven struct {
	Store   string   `json:"store"`   // its hash; "": none
	Program string   `json:"program"` // that checked it
	Checks  []string `json:"checks"`
}

// since is what loading brought into a store that was checked before; nil: nobody asks.
type since struct {
	published bool                      // else the store is as it was
	first     int                       // the batches from here on are new
	settled   map[string]*table.Strings // ids, by kind, of facts whose versions or lines were settled beside new ones
	people    []int64                   // members of identities that are new
	others    bool                      // identities that were there changed, or went
	many      bool                      // so much was settled, or so many are new, that it was not kept

	identities, last int64 // how many there were, and the place of the last
}

// mostSince is how many ids and members are kept.
const mostSince = 1 << 18

// begin notes which identities there are before anything is loaded.
func (s *since) begin(ctx context.Context, w *writer) error {
	if s == nil {
		return nil
	}
	s.settled = map[string]*table.Strings{}
	return w.db.Row(ctx, []any{&s.identities, &s.last}, "SELECT count(*), coalesce(max(rowid), -1) FROM identities")
}

// settle notes that the facts in a temporary table are settled beside new ones.
func (s *since) settle(ctx context.Context, w *writer, kind, from string) error {
	if s == nil || s.many {
		return nil
	}
	t, err := w.db.Query(ctx, "SELECT id FROM "+from+" LIMIT $most", sql.Named("most", mostSince+1))
	if err != nil {
		return err
	}
	ids := s.settled[kind]
	if ids == nil {
		ids = &table.Strings{}
		s.settled[kind] = ids
	}
	for i := range t.Rows() {
		ids.Append(t.Column("id").Texts.At(i))
	}
	s.many = ids.Len() > mostSince
	return nil
}

// end notes which identities are new once everything is loaded and settled. Rows of a
// table keep their places while none of them goes.
func (s *since) end(ctx context.Context, w *writer, merged int) error {
	if s == nil {
		return nil
	}
	s.first = w.first
	var left int64
	if err := w.db.Row(ctx, []any{&left}, "SELECT count(*) FROM identities WHERE rowid <= $last", sql.Named("last", s.last)); err != nil {
		return err
	}
	if s.others = merged > 0 || w.unused || left != s.identities; s.others {
		return nil
	}
	t, err := w.db.Query(ctx, "SELECT member FROM identities WHERE rowid > $last LIMIT $most", sql.Named("last", s.last), sql.Named("most", mostSince+1))
	if err != nil {
		return err
	}
	s.people = t.Ints("member")
	s.many = s.many || len(s.people) > mostSince
	return nil
}

// forget has everything looked at.
func (s *since) forget() {
	if s != nil {
		s.many = true
	}
}

// recheck is what need not be looked at again; nil: everything is looked at.
type recheck struct {
	proven []string // checks that found nothing in the store that the night began with
	since  *since
	ready  bool // the temporary tables are there
	many   bool // too much is new
}

// fewSince is how many orders are looked at by themselves, whatever share of all they are:
// a small store costs nothing either way.
const fewSince = 1000

// clean reports whether a check needs not be run, as it would find nothing.
func (r *recheck) clean(ctx context.Context, db *duck.DB, name string) (bool, error) {
	switch {
	case r == nil || !slices.Contains(r.proven, name):
		return false, nil
	case !r.since.published:
		return true, nil
	case r.since.many || r.since.others && (name == "members" || name == "customer_ids"):
		return false, nil
	case !slices.Contains(rechecked(), name):
		return false, nil
	}
	if err := r.prepare(ctx, db); err != nil || r.many {
		return false, err
	}
	var wrong bool
	query := queries.Get("recheck/" + name).SQL
	err := db.Row(ctx, []any{&wrong}, query, only(query, []sql.NamedArg{sql.Named("first", r.since.first)})...)
	return err == nil && !wrong, err
}

// rechecked are the checks that can look at what is new only: those that cost something.
func rechecked() []string {
	return []string{"customer_ids", "line_keys", "line_sums", "members", "order_keys", "orphan_lines"}
}

// prepare makes the temporary tables of what is to be looked at.
func (r *recheck) prepare(ctx context.Context, db *duck.DB) error {
	if r.ready {
		return nil
	}
	r.ready = true
	if err := db.LoadTable(ctx, "touched_facts", r.since.table()); err != nil {
		return err
	}
	members := table.NewColumn(table.Field{Name: "member", Kind: table.Int}, 0)
	members.Ints = r.since.people
	if err := db.LoadTable(ctx, "touched_members", table.New(members)); err != nil {
		return err
	}
	first := sql.Named("first", r.since.first)
	if err := db.Statements(ctx, "CREATE OR REPLACE TEMP TABLE touched_ids AS\n"+queries.Get("recheck/ids").SQL, first); err != nil {
		return err
	}
	err := db.Row(ctx, []any{&r.many}, "SELECT n > $few AND n > (SELECT count(*) FROM facts.order_rows) / 8 FROM (SELECT count(*) AS n FROM touched_ids) AS t", sql.Named("few", fewSince))
	if err != nil || r.many {
		return err
	}
	return db.Statements(ctx, "CREATE OR REPLACE TEMP TABLE touched_rows AS\n"+queries.Get("recheck/rows").SQL+
		";\nCREATE OR REPLACE TEMP TABLE touched_people AS SELECT i.member, i.customer_id, i.person FROM identities AS i SEMI JOIN touched_members AS t ON i.member = t.member;")
}

// table is the facts that were settled, by kind and id.
func (s *since) table() *table.Table {
	t := table.Make(0, table.Field{Name: "kind", Kind: table.Text}, table.Field{Name: "id", Kind: table.Text})
	for _, kind := range sortedKeys(s.settled) {
		for i := range s.settled[kind].Len() {
			t.Column("kind").Texts.AppendString(kind)
			t.Column("id").Texts.Append(s.settled[kind].At(i))
		}
	}
	return table.New(t.Columns()...)
}

// known is what the last night found out of the store as it stands now; nil where it
// is another store, or everything is to be looked at.
func (n *night) known() *recheck {
	p := n.state.Proven
	if n.Again || p == nil || p.Store == "" || p.Store != n.lock.StoreHash() || p.Program != n.checker() {
		return nil
	}
	return &recheck{proven: p.Checks, since: &since{}}
}

// prove is what this night found out of the store.
func (n *night) prove() *proven {
	p := &proven{Store: n.lock.StoreHash(), Program: n.checker()}
	for _, q := range queries.List("check") {
		if slices.ContainsFunc(n.ran.Checked, func(c CheckResult) bool { return c.Name == q.Base() && c.Failed == 0 }) {
			p.Checks = append(p.Checks, q.Base())
		}
	}
	return p
}

// checker is the program that checks: another one may look for more.
func (n *night) checker() string { return n.Version + " " + n.program() }
