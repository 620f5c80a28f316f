package engine

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"clientele/engine/identity"
	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/ingest"
	"clientele/queries"
)

// identityMeta is where the store keeps the fingerprint of the rules that its
// identities were worked out with.
const identityMeta = "identity"

// identityRules is what the configuration and its link files say of who is one
// customer.
type identityRules struct {
	links       []identity.Pair
	limit       int
	priority    []string
	args        []sql.NamedArg // what the queries need: kinds of keys, keys to ignore
	fingerprint string         // of all of it
}

// identityRules reads the rules.
func (e *Engine) identityRules() (identityRules, error) {
	cfg := e.Config.Identity
	r := identityRules{limit: cfg.SharedLimit, priority: e.Config.Priority}
	for _, path := range cfg.Links {
		links, err := e.readLinks(path)
		if err != nil {
			return r, err
		}
		r.links = append(r.links, links...)
	}
	for _, kind := range []string{"email", "phone", "member_id"} {
		r.args = append(r.args, sql.Named(kind, slices.Contains(cfg.Match, kind)))
	}
	texts, phones := ignoredKeys(cfg.Ignore)
	r.args = append(r.args, sql.Named("ignores", len(cfg.Ignore) > 0), sql.Named("ignored", texts), sql.Named("ignored_phones", phones))
	told, err := json.Marshal([]any{1, cfg.Match, r.limit, cfg.Ignore, r.priority, r.links})
	if err != nil {
		return r, err
	}
	sum := sha256.Sum256(told)
	r.fingerprint = hex.EncodeToString(sum[:])
	return r, nil
}

func (e *Engine) readLinks(path string) ([]identity.Pair, error) {
	place := e.place(Loading{}, path)
	f, err := os.Open(place)
	if err != nil {
		return nil, fmt.Errorf("identity.links: %s: %w", path, underlying(err))
	}
	defer f.Close()
	return identity.ReadLinks(e.shown(place), f)
}

// ignoredKeys turns the globs of keys to ignore into two regular expressions: of
// e-mail addresses and member ids in small letters, and of telephone numbers as
// they are stored, +8613800138000. A number may be written with blanks and dashes,
// and without its country code.
func ignoredKeys(globs []string) (texts, phones string) {
	var text, phone []string
	for _, g := range globs {
		g = fold(strings.TrimSpace(g))
		text = append(text, g)
		number := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "").Replace(g)
		if strings.Trim(number, "0123456789*?+") != "" || !strings.ContainsAny(number, "0123456789") {
			continue // an address
		}
		phone = append(phone, number)
		if '0' <= number[0] && number[0] <= '9' {
			national := strings.TrimLeft(number, "0")
			phone = append(phone, "+?"+national, "+??"+national, "+???"+national)
		}
	}
	return anyGlob(text), anyGlob(phone)
}

// stale reports whether the rules are others than those that a store's identities
// were worked out with, so that resolve has something to do although no fact is new.
func (r identityRules) stale(ctx context.Context, db *duck.DB) (bool, error) {
	recorded, err := meta(ctx, db)
	return recorded[identityMeta] != r.fingerprint, err
}

// resolve works out anew, from all facts and the rules, which ids are one
// customer: so undoing a merge, or a load that brought one, is only to run it
// again. It changes no more of the store than has to change, does nothing when
// neither facts nor rules are new, and returns how many changes it made.
func (w *writer) resolve(ctx context.Context) (changes int, err error) {
	rules, err := w.identityRules()
	if err != nil {
		return 0, err
	}
	stale, err := rules.stale(ctx, w.db)
	if err != nil || !stale && !w.newPeople() {
		return 0, err
	}
	defer w.stage("settle identities", 0)()
	if changes, err = w.setPriority(ctx, rules.priority); err != nil {
		return 0, err
	}
	needed, err := w.identityNeeded(ctx, rules)
	if err != nil {
		return 0, err
	}
	if needed {
		n, err := w.mergeIdentities(ctx, rules)
		if err != nil {
			return 0, err
		}
		changes += n
	}
	if !stale {
		return changes, nil
	}
	return changes + 1, setMeta(ctx, w.db, identityMeta, rules.fingerprint)
}

// newPeople reports whether rows came or went that tell of customers.
func (w *writer) newPeople() bool {
	return slices.ContainsFunc([]string{"orders", "refunds", "interactions", "responses", "customers"}, func(kind string) bool { return w.kinds[kind] })
}

// setPriority writes the ranks of the sources, 1 for the best.
func (w *writer) setPriority(ctx context.Context, sources []string) (changes int, err error) {
	t := table.Make(0, table.Field{Name: "source", Kind: table.Text}, table.Field{Name: "rank", Kind: table.Int})
	for i, name := range sources {
		t.Column("source").Texts.AppendString(name)
		t.Column("rank").Ints = append(t.Column("rank").Ints, int64(i+1))
	}
	if err := w.db.LoadTable(ctx, "new_source_priority", table.New(t.Columns()...)); err != nil {
		return 0, err
	}
	return w.replaceTable(ctx, "source_priority", "new_source_priority")
}

// replaceTable gives a table the rows of a temporary one, and the number of its
// changes 1, unless it has them already: rows that are deleted and written again
// make a store grow.
func (w *writer) replaceTable(ctx context.Context, name, from string) (changes int, err error) {
	var same bool
	err = w.db.Row(ctx, []any{&same}, fmt.Sprintf(`SELECT o.n = t.n AND o.h IS NOT DISTINCT FROM t.h
FROM (SELECT count(*) AS n, sum(hash(x)) AS h FROM %s AS x) AS o, (SELECT count(*) AS n, sum(hash(x)) AS h FROM %s AS x) AS t`, name, from))
	if err != nil || same {
		return 0, err
	}
	return 1, w.db.Exec(ctx, fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT * FROM %s", name, from))
}

// identityNeeded reports whether there is anything to work out, which takes no
// look at facts: no id shares an address with another where nobody told of one.
func (w *writer) identityNeeded(ctx context.Context, rules identityRules) (bool, error) {
	var keys, merged, named, odd, told bool
	err := w.db.Row(ctx, []any{&keys, &merged, &named, &odd, &told}, queries.Get("identity/needed").SQL, only(queries.Get("identity/needed").SQL, rules.args)...)
	if err != nil || keys || merged || odd || told || len(rules.links) > 0 {
		return true, err
	}
	if !named {
		return false, nil
	}
	if err := w.identityScript(ctx, "own", rules); err != nil {
		return true, err
	}
	return w.some(ctx, "identity_odd")
}

// only is the arguments that a statement mentions: DuckDB refuses others.
func only(statement string, args []sql.NamedArg) []any {
	var out []any
	for _, a := range args {
		if regexp.MustCompile(`\$` + a.Name + `\b`).MatchString(statement) {
			out = append(out, a)
		}
	}
	return out
}

func (w *writer) identityScript(ctx context.Context, name string, rules identityRules) error {
	if err := w.db.Statements(ctx, queries.Get("identity/"+name).SQL, rules.args...); err != nil {
		return fmt.Errorf("identity: %s: %w", name, err)
	}
	return nil
}

// mergeIdentities decides who is one customer and writes it down.
func (w *writer) mergeIdentities(ctx context.Context, rules identityRules) (changes int, err error) {
	if err := w.db.LoadTable(ctx, "told_links", linkTable(rules.links)); err != nil {
		return 0, err
	}
	for _, name := range []string{"own", "links", "keys"} {
		if err := w.identityScript(ctx, name, rules); err != nil {
			return 0, err
		}
	}
	in, err := w.identityInput(ctx, rules)
	if err != nil {
		return 0, err
	}
	joined, err := identity.Join(in)
	if err != nil {
		return 0, err
	}
	preferred, err := w.preferred(ctx, joined.Contested())
	if err != nil {
		return 0, err
	}
	if err := w.db.LoadTable(ctx, "identity_joined", peopleTable(joined.Elect(preferred))); err != nil {
		return 0, err
	}
	if err := w.db.LoadTable(ctx, "identity_excluded", exclusionTable(joined.Excluded)); err != nil {
		return 0, err
	}
	if err := w.identityScript(ctx, "wanted", rules); err != nil {
		return 0, err
	}
	changed, err := w.db.Affected(ctx, queries.Get("identity/update").SQL)
	if err != nil {
		return 0, fmt.Errorf("identity: update: %w", err)
	}
	for _, name := range []string{"facts.merges", "shared_keys", "facts.shared_key_members", "facts.addresses_of_nobody", "identity_links"} {
		n, err := w.replaceTable(ctx, name, "new_"+strings.TrimPrefix(name, "facts."))
		if err != nil {
			return 0, err
		}
		changes += n
	}
	return changes + int(changed), w.identityScript(ctx, "forget", rules)
}

func linkTable(links []identity.Pair) *table.Table {
	t := table.Make(0, table.Field{Name: "link", Kind: table.Int}, table.Field{Name: "left_id", Kind: table.Text}, table.Field{Name: "right_id", Kind: table.Text},
		table.Field{Name: "forbid", Kind: table.Bool}, table.Field{Name: "place", Kind: table.Text})
	for i, l := range links {
		t.Column("link").Ints = append(t.Column("link").Ints, int64(i))
		t.Column("left_id").Texts.AppendString(l.Left)
		t.Column("right_id").Texts.AppendString(l.Right)
		t.Column("forbid").Bools = append(t.Column("forbid").Bools, l.Forbid)
		t.Column("place").Texts.AppendString(l.Place)
	}
	return table.New(t.Columns()...)
}

// identityPage is how many keys, or rows of who holds them, are read at a time: a
// result is in memory twice while it is read.
const identityPage = 2 << 20

// identityInput reads what the queries found into columns of numbers.
func (w *writer) identityInput(ctx context.Context, rules identityRules) (*identity.Input, error) {
	in := &identity.Input{Limit: rules.limit}
	t, err := w.db.Query(ctx, "SELECT space FROM identity_members ORDER BY no")
	if err != nil {
		return nil, err
	}
	for _, space := range t.Ints("space") {
		in.Spaces = append(in.Spaces, identity.Space(space))
	}
	if t, err = w.db.Query(ctx, "SELECT kind, ignored FROM identity_keys ORDER BY key"); err != nil {
		return nil, err
	}
	for _, kind := range t.Ints("kind") {
		in.Kinds = append(in.Kinds, identity.Kind(kind))
	}
	in.Ignored = t.Column("ignored").Bools
	if err := w.ignoreNobody(ctx, in); err != nil {
		return nil, err
	}
	for from := 0; ; from += identityPage {
		t, err := w.db.Query(ctx, "SELECT key, holder FROM identity_holdings WHERE rowid >= $from AND rowid < $until",
			sql.Named("from", from), sql.Named("until", from+identityPage))
		if err != nil {
			return nil, err
		}
		for i, key := range t.Ints("key") {
			in.Keys, in.Holders = append(in.Keys, int32(key)), append(in.Holders, int32(t.Ints("holder")[i]))
		}
		if t.Rows() == 0 {
			break
		}
	}
	in.Links, err = w.knownLinks(ctx)
	return in, err
}

// ignoreNobody marks the e-mail addresses of nobody.
func (w *writer) ignoreNobody(ctx context.Context, in *identity.Input) error {
	for from := 0; from < len(in.Kinds); from += identityPage {
		t, err := w.db.Query(ctx, "SELECT key, value FROM identity_keys WHERE kind = $email AND key >= $from AND key < $until",
			sql.Named("email", int(identity.Email)), sql.Named("from", from), sql.Named("until", from+identityPage))
		if err != nil {
			return err
		}
		for i, key := range t.Ints("key") {
			if !ingest.KeyEmail(t.Column("value").Texts.At(i)) {
				in.Ignored[key] = true
			}
		}
	}
	return nil
}

// knownLinks are the links of which both ids are known, in the order of the files.
func (w *writer) knownLinks(ctx context.Context) ([]identity.Link, error) {
	t, err := w.db.Query(ctx, `SELECT a.no AS left_no, b.no AS right_no, l.forbid, l.place
FROM identity_linked AS l JOIN identity_members AS a ON l.left_member = a.member JOIN identity_members AS b ON l.right_member = b.member
ORDER BY l.number`)
	if err != nil {
		return nil, err
	}
	links := make([]identity.Link, t.Rows())
	for i := range links {
		links[i] = identity.Link{Left: int32(t.Ints("left_no")[i]), Right: int32(t.Ints("right_no")[i]),
			Forbid: t.Column("forbid").Bools[i], Place: string(t.Column("place").Texts.At(i))}
	}
	return links, nil
}

// preferred orders members of which one is to give its customer the id.
func (w *writer) preferred(ctx context.Context, contested []int32) ([]int32, error) {
	if len(contested) == 0 {
		return nil, nil
	}
	t := table.Make(len(contested), table.Field{Name: "no", Kind: table.Int})
	for i, no := range contested {
		t.Ints("no")[i] = int64(no)
	}
	if err := w.db.LoadTable(ctx, "identity_contested", t); err != nil {
		return nil, err
	}
	ordered, err := w.db.Query(ctx, queries.Get("identity/preferred").SQL)
	if err != nil {
		return nil, fmt.Errorf("identity: preferred: %w", err)
	}
	out := make([]int32, ordered.Rows())
	for i, no := range ordered.Ints("no") {
		out[i] = int32(no)
	}
	return out, nil
}

func peopleTable(people []identity.Person) *table.Table {
	t := table.Make(len(people), table.Field{Name: "no", Kind: table.Int}, table.Field{Name: "survivor", Kind: table.Int},
		table.Field{Name: "other", Kind: table.Int}, table.Field{Name: "key", Kind: table.Int}, table.Field{Name: "link", Kind: table.Int})
	for i, p := range people {
		t.Ints("no")[i], t.Ints("survivor")[i], t.Ints("other")[i] = int64(p.Member), int64(p.Survivor), int64(p.Other)
		t.Ints("key")[i], t.Ints("link")[i] = -1, -1
		if key, ok := p.Via.Key(); ok {
			t.Ints("key")[i] = int64(key)
		} else if link, ok := p.Via.Link(); ok {
			t.Ints("link")[i] = int64(link)
		}
	}
	return t
}

func exclusionTable(excluded []identity.Exclusion) *table.Table {
	places := &table.Column{Field: table.Field{Name: "place", Kind: table.Text}, Texts: table.Strings{Offsets: []int32{0}}}
	t := table.Make(len(excluded), table.Field{Name: "key", Kind: table.Int}, table.Field{Name: "kind", Kind: table.Int},
		table.Field{Name: "reason", Kind: table.Int}, table.Field{Name: "people", Kind: table.Int}, table.Field{Name: "no", Kind: table.Int})
	for i, x := range excluded {
		t.Ints("key")[i], t.Ints("kind")[i], t.Ints("reason")[i] = int64(x.Key), int64(x.Kind), int64(x.Reason)
		t.Ints("people")[i], t.Ints("no")[i] = int64(x.People), int64(x.Member)
		places.Texts.AppendString(x.Place)
	}
	t.Add(places)
	return t
}
