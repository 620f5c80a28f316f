package engine

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"clientele/engine/internal/duck"
	"clientele/engine/list"
	"clientele/engine/table"
	"clientele/ingest"
	"clientele/queries"
)

func named(name string, value any) sql.NamedArg { return sql.Named(name, value) }

// make makes a temporary table of a query of queries/target.
func (c *cutter) make(name, query string, args ...sql.NamedArg) error {
	q := queries.Get("target/" + query)
	if err := c.db.Statements(c.ctx, "CREATE OR REPLACE TEMP TABLE "+name+" AS "+q.SQL, args...); err != nil {
		return fmt.Errorf("%s: %w", q.Name, err)
	}
	return nil
}

// viewRun makes views of the run, and of what its customers are ranked and divided by.
func (c *cutter) viewRun() error {
	for view, name := range map[string]string{"run_scores": "scores", "run_members": "segment_members"} {
		if err := c.viewFile(view, name); err != nil {
			return err
		}
	}
	columns, err := c.scoreTypes()
	if err != nil {
		return err
	}
	value, worth, err := c.rankBy(columns)
	if err != nil {
		return err
	}
	stratum, err := c.stratifyBy(columns)
	if err != nil {
		return err
	}
	return c.db.Exec(c.ctx, "CREATE OR REPLACE TEMP VIEW target_scores AS SELECT customer_id AS run_id, recency_days, "+
		value+" AS value, "+worth+" AS worth, "+stratum+" AS stratum FROM run_scores")
}

// viewFile makes a view of a data file of the run.
func (c *cutter) viewFile(view, name string) error {
	path, err := filepath.Abs(filepath.Join(c.run.Dir, name+".parquet"))
	if err != nil {
		return err
	}
	if err := c.db.Exec(c.ctx, "CREATE OR REPLACE TEMP VIEW "+view+" AS FROM read_parquet("+duck.Literal(path)+")"); err != nil {
		return fmt.Errorf("the run as of %s: %w", c.run.AsOf, err)
	}
	return nil
}

// scoreTypes are the columns of the run's scores, with their types.
func (c *cutter) scoreTypes() (map[string]string, error) {
	t, err := c.db.Query(c.ctx, "SELECT column_name, column_type FROM (DESCRIBE FROM run_scores)")
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for i := range t.Rows() {
		out[string(t.Column("column_name").Texts.At(i))] = string(t.Column("column_type").Texts.At(i))
	}
	return out, nil
}

// rankBy are the expressions of what customers are ranked by and of what is sorted,
// the greatest first.
func (c *cutter) rankBy(columns map[string]string) (value, worth string, err error) {
	rank := c.manifest.Rank
	name, ascending := strings.CutPrefix(rank, "-")
	switch kind, known := columns[name]; {
	case name == "value":
		value = "clv"
	case name == "risk":
		value = "(churn_risk * clv)"
	case !known:
		hint, err := nearest(c.ctx, c.db, name, append([]string{"value", "risk"}, rankable(columns)...))
		if err != nil {
			return "", "", err
		}
		return "", "", fmt.Errorf("rank %q: no column of scores: %s", rank, hint)
	case kind == "DATE":
		value = "CAST(" + duck.Identifier(name) + " - DATE '1970-01-01' AS DOUBLE)"
	case isNumeric(kind):
		value = "CAST(" + duck.Identifier(name) + " AS DOUBLE)"
	default:
		return "", "", fmt.Errorf("rank %q: holds no numbers or days: there are value, risk, %s", rank, strings.Join(rankable(columns), ", "))
	}
	if ascending {
		return value, "-" + value, nil
	}
	return value, value, nil
}

func isNumeric(kind string) bool {
	return slices.Contains([]string{"DOUBLE", "FLOAT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT"}, kind) || strings.HasPrefix(kind, "DECIMAL")
}

func rankable(columns map[string]string) []string {
	var out []string
	for _, name := range sortedKeys(columns) {
		if kind := columns[name]; name != "as_of" && (kind == "DATE" || isNumeric(kind)) {
			out = append(out, name)
		}
	}
	return out
}

// stratifyBy is the expression of the stratum of a customer.
func (c *cutter) stratifyBy(columns map[string]string) (string, error) {
	if len(c.manifest.Stratified) == 0 {
		return "CAST(NULL AS VARCHAR)", nil
	}
	all := slices.DeleteFunc(sortedKeys(columns), func(s string) bool { return s == "customer_id" || s == "as_of" })
	var parts []string
	for _, name := range c.manifest.Stratified {
		if !slices.Contains(all, name) {
			hint, err := nearest(c.ctx, c.db, name, all)
			if err != nil {
				return "", err
			}
			return "", fmt.Errorf("stratify %q: no column of scores: %s", name, hint)
		}
		parts = append(parts, "coalesce(CAST("+duck.Identifier(name)+" AS VARCHAR), '')")
	}
	return strings.Join(parts, " || ' / ' || "), nil
}

// segmentName is a segment of a run.
type segmentName struct{ scheme, name string }

func (s segmentName) String() string { return s.scheme + "/" + s.name }

// segmentNames are the segments of the run.
func (c *cutter) segmentNames() ([]segmentName, error) {
	t, err := c.db.Query(c.ctx, "SELECT DISTINCT scheme, segment FROM run_members ORDER BY scheme, segment")
	if err != nil {
		return nil, err
	}
	var out []segmentName
	for i := range t.Rows() {
		out = append(out, segmentName{string(t.Column("scheme").Texts.At(i)), string(t.Column("segment").Texts.At(i))})
	}
	return out, nil
}

// findSegment is the segment that is meant by NAME or SCHEME/NAME.
func findSegment(all []segmentName, text, asOf string) (segmentName, error) {
	same := func(is func(a, b string) bool) []segmentName {
		return slices.DeleteFunc(slices.Clone(all), func(s segmentName) bool { return !is(s.name, text) && !is(s.String(), text) })
	}
	found := same(func(a, b string) bool { return a == b }) // "Lost" and "lost" are two segments
	if len(found) == 0 {
		found = same(strings.EqualFold)
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		var names []string
		for _, s := range all {
			names = append(names, s.name)
		}
		slices.Sort(names)
		names = slices.Compact(names)
		return segmentName{}, fmt.Errorf("no segment %q as of %s%s: there are %s", text, asOf, nearestWord(text, names), someOf(names))
	}
	var choice []string
	for _, s := range found {
		choice = append(choice, fmt.Sprintf("%q", s))
	}
	return segmentName{}, fmt.Errorf("segment %q is more than one: write %s", text, strings.Join(choice, " or "))
}

// stageSegment makes target_segment, the customers of the segment for whom the rule
// holds, and target_exclude, the segments that are never contacted.
func (c *cutter) stageSegment() error {
	all, err := c.segmentNames()
	if err != nil {
		return err
	}
	if c.cut.Segment == "" {
		err = c.db.Exec(c.ctx, "CREATE OR REPLACE TEMP TABLE target_segment AS SELECT customer_id AS run_id FROM run_scores")
	} else {
		var s segmentName
		if s, err = findSegment(all, c.cut.Segment, c.run.AsOf); err != nil {
			return err
		}
		c.manifest.Scheme, c.manifest.Segment = s.scheme, s.name
		err = c.make("target_segment", "segment", named("scheme", s.scheme), named("segment", s.name))
	}
	if err == nil {
		err = c.applyRule()
	}
	if err != nil {
		return err
	}
	return c.stageExclude(all)
}

// stageExclude makes target_exclude of all segments of the run.
func (c *cutter) stageExclude(all []segmentName) error {
	scheme, segment := textColumn("scheme"), textColumn("segment")
	for _, text := range c.manifest.Rules.Exclude {
		s, err := findSegment(all, text, c.run.AsOf)
		if err != nil {
			return fmt.Errorf("contact.exclude: %w", err)
		}
		scheme.Texts.AppendString(s.scheme)
		segment.Texts.AppendString(s.name)
	}
	return c.db.LoadTable(c.ctx, "target_exclude", table.New(scheme, segment))
}

// applyRule leaves those in target_segment for whom the rule holds.
func (c *cutter) applyRule() error {
	if c.rule == nil {
		return nil
	}
	v, err := c.evaluatorOf(c.ctx, c.db, c.run)
	if err != nil {
		return err
	}
	if err := v.knowAttributes(c.rule); err != nil {
		return err
	}
	rule, err := v.compile(c.rule)
	if err != nil {
		return err
	}
	err = c.db.Exec(c.ctx, "CREATE OR REPLACE TEMP TABLE target_rule AS SELECT c.customer_id AS run_id FROM scores AS c WHERE "+rule.SQL, rule.Args...)
	if err == nil {
		err = c.db.Exec(c.ctx, "CREATE OR REPLACE TEMP TABLE target_segment AS SELECT t.run_id FROM target_segment AS t SEMI JOIN target_rule AS r ON t.run_id = r.run_id")
	}
	if err != nil {
		return fmt.Errorf("rule: %w", err)
	}
	return nil
}

// stagePeople makes target_people, the segment as the store knows it today, and
// target_excluded.
func (c *cutter) stagePeople() error {
	if err := c.make("target_ids", "ids"); err != nil {
		return err
	}
	if err := c.make("target_people", "people"); err != nil {
		return err
	}
	return c.make("target_excluded", "excluded")
}

// medium is the column of the address of a channel.
func medium(channel string) string {
	switch channel {
	case "email", "post":
		return channel
	}
	return "phone"
}

// The places of target_blocks: the steps that say of an address that it is not to
// be contacted.
const (
	placeSuppress = iota + 1
	placeOptOut
	placeComplaint
	placeCap
)

// judge makes target_judged: at which of the steps before the ranking each customer
// falls.
func (c *cutter) judge() error {
	if err := c.make("target_reach", "reach_"+c.manifest.Channel); err != nil {
		return err
	}
	consent := c.manifest.Rules.Consent
	if c.manifest.Channel == "post" { // nobody is asked for it
		consent = "none"
		if err := c.db.Exec(c.ctx, "CREATE OR REPLACE TEMP TABLE target_consent (customer_id VARCHAR, agreed BOOLEAN, newest BOOLEAN)"); err != nil {
			return err
		}
	} else if err := c.make("target_consent", "consent_"+medium(c.manifest.Channel), named("as_of", c.run.AsOf)); err != nil {
		return err
	}
	err := c.db.Exec(c.ctx, "CREATE OR REPLACE TEMP TABLE target_blocks (place INTEGER, person BIGINT, contact VARCHAR, reason VARCHAR)")
	if err != nil {
		return err
	}
	for _, block := range []func() error{c.blockSuppressed, c.stageChannels, c.blockOptedOut, c.blockComplaints, c.blockCapped} {
		if err := block(); err != nil {
			return err
		}
	}
	if err := c.make("target_blocked", "blocks"); err != nil {
		return err
	}
	return c.make("target_judged", "judged", named("consent", consent))
}

// block adds to target_blocks what a query of queries/target gives.
func (c *cutter) block(place int, columns, query string, args ...sql.NamedArg) error {
	q := queries.Get("target/" + query)
	err := c.db.Statements(c.ctx, "INSERT INTO target_blocks (place, "+columns+", reason) SELECT CAST($place AS INTEGER), "+columns+", reason FROM ("+q.SQL+")", append(args, named("place", place))...)
	if err != nil {
		return fmt.Errorf("%s: %w", q.Name, err)
	}
	return nil
}

// blockSuppressed reads the suppression files.
func (c *cutter) blockSuppressed() error {
	if len(c.Config.Contact.Suppress) == 0 {
		return nil
	}
	to, err := ingest.NewAddresses(c.Config.PhoneRegion)
	if err != nil {
		return err
	}
	number, reason := table.NewColumn(table.Field{Name: "entry", Kind: table.Int}, 0), textColumn("reason")
	ids, emails, phones := textColumn("id"), textColumn("email"), textColumn("phone")
	c.manifest.Suppress = nil
	var ends []int // of the entries of each file
	for _, path := range c.Config.Contact.Suppress {
		file, entries, err := c.readSuppression(path, to)
		if err != nil {
			return err
		}
		c.manifest.Suppress = append(c.manifest.Suppress, file)
		for _, e := range entries {
			number.Ints = append(number.Ints, int64(len(number.Ints)))
			reason.Texts.AppendString(fmt.Sprintf("%s:%d", path, e.Line))
			for _, cell := range []struct {
				column *table.Column
				text   string
			}{{ids, e.ID}, {emails, e.Email}, {phones, e.Phone}} {
				cell.column.Texts.AppendString(cell.text)
				cell.column.Null = append(cell.column.Null, cell.text == "")
			}
		}
		ends = append(ends, len(number.Ints))
	}
	if err := c.db.LoadTable(c.ctx, "target_entries", table.New(number, reason, ids, emails, phones)); err != nil {
		return err
	}
	if err := c.make("target_suppressed", "suppressed"); err != nil {
		return err
	}
	err = c.db.Statements(c.ctx, "INSERT INTO target_blocks SELECT $place, s.person, NULL, e.reason FROM target_suppressed AS s JOIN target_entries AS e ON s.entry = e.entry", named("place", placeSuppress))
	if err != nil {
		return err
	}
	from := 0
	for i, end := range ends {
		err := c.db.Row(c.ctx, []any{&c.manifest.Suppress[i].Matched}, "SELECT count(DISTINCT entry) FROM target_suppressed WHERE entry >= $from AND entry < $until", named("from", from), named("until", end))
		if err != nil {
			return err
		}
		from = end
	}
	return nil
}

// readSuppression reads one suppression file.
func (c *cutter) readSuppression(path string, to list.Addresses) (list.SuppressFile, []list.Entry, error) {
	place := c.place(Loading{}, path)
	text, err := os.ReadFile(place)
	if errors.Is(err, fs.ErrNotExist) {
		return list.SuppressFile{}, nil, fmt.Errorf("contact.suppress: %s: there is no such file: without it people would be contacted who are not to be", path)
	}
	if err != nil {
		return list.SuppressFile{}, nil, fmt.Errorf("contact.suppress: %s: %w", path, underlying(err))
	}
	s, err := list.ReadSuppression(path, bytes.NewReader(text), to)
	if err != nil {
		return list.SuppressFile{}, nil, fmt.Errorf("contact.suppress: %w", err)
	}
	sum := sha256.Sum256(text)
	file := list.SuppressFile{Path: path, SHA256: hex.EncodeToString(sum[:]), Entries: len(s.Entries), Unreadable: len(s.Unreadable)}
	if len(s.Unreadable) > 0 {
		c.note("suppression_unreadable",
			fmt.Sprintf("%s: lines that could not be read as an id, an e-mail address or a telephone number: %d, the first one is %s:%d.", path, len(s.Unreadable), path, s.Unreadable[0]),
			fmt.Sprintf("%s：有 %d 行无法识别为客户编号、邮箱或电话号码，首行为 %s:%d。", path, len(s.Unreadable), path, s.Unreadable[0]))
	}
	return file, s.Entries, nil
}

// stageChannels makes target_campaigns: on which channel campaigns ran, by what is
// told of them or by the lists that were cut for them.
func (c *cutter) stageChannels() error {
	t, err := c.db.Query(c.ctx, "SELECT campaign_id, channel FROM campaigns ORDER BY campaign_id")
	if err != nil {
		return err
	}
	channels := map[string]string{}
	for _, l := range c.lists {
		if l.Campaign != "" {
			channels[l.Campaign] = l.Channel
		}
	}
	for i := range t.Rows() {
		id := textAt(t.Column("campaign_id"), i)
		if channel := list.ChannelOf(textAt(t.Column("channel"), i)); channel != "" || channels[id] == "" {
			channels[id] = channel
		}
	}
	ids, names := textColumn("campaign_id"), textColumn("channel")
	for _, id := range sortedKeys(channels) {
		ids.Texts.AppendString(id)
		names.Texts.AppendString(channels[id])
		names.Null = append(names.Null, channels[id] == "")
	}
	return c.db.LoadTable(c.ctx, "target_campaigns", table.New(ids, names))
}

func (c *cutter) blockOptedOut() error {
	return c.block(placeOptOut, "person, contact", "opted_out", named("channel", c.manifest.Channel), named("medium", medium(c.manifest.Channel)))
}

func (c *cutter) blockComplaints() error {
	if c.manifest.Rules.Complaint == 0 {
		return nil
	}
	return c.block(placeComplaint, "person", "complaints", named("on", int32(c.on)), named("days", c.manifest.Rules.Complaint))
}

// blockCapped blocks the addresses that were contacted often enough.
func (c *cutter) blockCapped() error {
	caps := slices.DeleteFunc(slices.Clone(c.manifest.Rules.Caps), func(limit list.Cap) bool {
		return limit.Channel != "" && limit.Channel != c.manifest.Channel // a contact on this channel does not count there
	})
	if len(caps) == 0 {
		return nil
	}
	days := 0
	for _, limit := range caps {
		days = max(days, limit.Days)
	}
	near := slices.DeleteFunc(slices.Clone(c.lists), func(l list.List) bool {
		apart := int(dayNumber(l.On)) - int(c.on)
		return max(apart, -apart) >= days
	})
	if err := c.stageLists(near); err != nil {
		return err
	}
	if err := c.make("target_treated", "treated"); err != nil {
		return err
	}
	if err := c.make("target_touches", "touches", named("on", int32(c.on)), named("days", days)); err != nil {
		return err
	}
	for _, limit := range caps {
		q := queries.Get("target/capped")
		err := c.db.Statements(c.ctx, "INSERT INTO target_blocks SELECT $place, NULL, contact, touches || ' in ' || $days || ' days' FROM ("+q.SQL+")",
			named("place", placeCap), named("on", int32(c.on)), named("days", limit.Days), named("contacts", limit.Contacts), named("cap_channel", limit.Channel))
		if err != nil {
			return fmt.Errorf("%s: %w", q.Name, err)
		}
	}
	return nil
}

// stageLists makes target_lists and target_list_members of lists.
func (c *cutter) stageLists(lists []list.List) error {
	if err := c.db.LoadTable(c.ctx, "target_lists", storedTable(lists)); err != nil {
		return err
	}
	return c.viewChecked("target_list_members", lists)
}

// viewChecked is viewMembers of lists whose members are as they were written: a
// damaged file would let people be contacted who are not to be.
func (c *cutter) viewChecked(name string, lists []list.List) error {
	for _, l := range lists {
		if err := list.VerifyFile(l, list.MembersName); err != nil {
			return err
		}
	}
	return viewMembers(c.ctx, c.db, name, lists)
}

// rank makes target_placed and target_ranked: one customer for each address.
func (c *cutter) rank() error {
	if err := c.make("target_placed", "placed"); err != nil {
		return err
	}
	return c.make("target_ranked", "ranked")
}

// rankingPage is how many customers are read at a time: a result is in memory twice
// while it is read.
const rankingPage = 1 << 20

// pages calls f with ranges of positions until all of the ranking is covered.
func (c *cutter) pages(n int64, f func(from, until sql.NamedArg) error) error {
	for from := int64(0); from < n; from += rankingPage {
		if err := f(named("from", from), named("until", from+rankingPage)); err != nil {
			return err
		}
	}
	return nil
}

// The values of target_arms.arm besides those of list.Arm.
const (
	inUniversal = 3
	inAnother   = 4 // of a list that is written again: in a control group of its campaign by now
)

// draw makes target_outcome: who of the ranking is treated, kept back, or neither.
func (c *cutter) draw() error {
	var n int64
	if err := c.db.Row(c.ctx, []any{&n}, "SELECT count(*) FROM target_ranked"); err != nil {
		return err
	}
	universal, err := c.universal(n)
	if err != nil {
		return err
	}
	d, labels, err := c.drawn(n, universal)
	if err != nil {
		return err
	}
	c.manifest.Seed = c.seed()
	d.Key, d.Seed, d.Share, d.Limit, d.Workers = c.key, c.manifest.Seed, c.manifest.Share, c.manifest.Limit, c.Config.Resources.Cores()
	if len(c.manifest.Stratified) > 0 {
		d.Labels = labels
	} else {
		d.Strata = nil
	}
	return c.stageArms(d.Assign(), universal)
}

// stageArms makes target_outcome of arms, those of the ranking but for the universal
// control group, and target_removed.
func (c *cutter) stageArms(arms []list.Arm, universal map[int64]string) error {
	n := len(arms) + len(universal)
	position, arm, reason := table.NewColumn(table.Field{Name: "position", Kind: table.Int}, n), table.NewColumn(table.Field{Name: "arm", Kind: table.Int}, n), textColumn("reason")
	rank := table.NewColumn(table.Field{Name: "rank", Kind: table.Int}, n)
	rank.Null = make([]bool, n)
	next, members := 0, int64(0)
	for i := range position.Ints {
		position.Ints[i] = int64(i)
		if who, ok := universal[int64(i)]; ok {
			arm.Ints[i], rank.Null[i] = inUniversal, true
			reason.Texts.AppendString(who)
			continue
		}
		arm.Ints[i] = int64(arms[next])
		reason.Texts.AppendString("")
		if rank.Null[i] = arms[next] == list.Beyond; !rank.Null[i] {
			members++
			rank.Ints[i] = members
		}
		next++
	}
	if err := c.db.LoadTable(c.ctx, "target_arms", table.New(position, arm, reason, rank)); err != nil {
		return err
	}
	if err := c.make("target_outcome", "outcome"); err != nil {
		return err
	}
	return c.make("target_removed", "removed")
}

// universal finds who of the ranking is in the universal control group, or has the
// address of somebody who is: the value is the id that was drawn. Who is in it is told
// by the id that a customer has; in it besides are those whom an earlier list held out
// under an id that was merged into another one since. All ids that a customer ever had
// would be another rule: it takes customers of many shops more often than others, so
// that the group would not be like the rest of the customers any more.
func (c *cutter) universal(n int64) (map[int64]string, error) {
	out := map[int64]string{}
	if c.manifest.Rules.Universal == 0 {
		return out, nil
	}
	if err := c.stageHeld(); err != nil {
		return nil, err
	}
	held := list.Held{Looked: n}
	err := c.pages(n, func(from, until sql.NamedArg) error {
		t, err := c.db.Query(c.ctx, queries.Get("target/sharing").SQL, from, until)
		if err != nil {
			return err
		}
		ids, former, own := t.Column("customer_id").Texts, t.Column("held"), t.Column("own").Bools
		in := c.drawnUniversal(&ids)
		for i, position := range t.Ints("position") {
			if _, taken := out[position]; taken || !in[i] && former.Missing(i) {
				continue
			}
			switch {
			case !own[i]:
				held.Shared++
			case in[i]:
				held.Own++
			default:
				held.Former++
			}
			out[position] = string(ids.At(i))
			if !in[i] {
				out[position] = textAt(former, i)
			}
		}
		return nil
	})
	c.manifest.Held = &held
	return out, err
}

// drawnUniversal is which ids are drawn into the universal control group.
func (c *cutter) drawnUniversal(ids *table.Strings) []bool {
	in := make([]bool, ids.Len())
	list.UniversalTo(in, c.key, ids, c.manifest.Rules.Universal, c.Config.Resources.Cores())
	return in
}

// stageHeld makes target_held: the customers of today who were held out by a list,
// cancelled or not, under an id that is drawn with today's share too.
func (c *cutter) stageHeld() error {
	view := "CREATE OR REPLACE TEMP VIEW target_universal AS SELECT CAST(NULL AS VARCHAR) AS held WHERE false"
	for _, l := range c.all {
		if !slices.ContainsFunc(l.Steps, func(s list.Step) bool { return s.Step == list.StepUniversal && s.Fell > 0 }) {
			continue
		}
		if err := list.VerifyFile(l, list.RemovedName); err != nil {
			return err
		}
		path, err := filepath.EvalSymlinks(l.File(list.RemovedName))
		if err == nil {
			path, err = filepath.Abs(path)
		}
		if err != nil {
			return fmt.Errorf("list %s is damaged: %w", l.ID, underlying(err))
		}
		view += " UNION ALL SELECT reason FROM read_parquet(" + duck.Literal(path) + ") WHERE step = " + duck.Literal(list.StepUniversal)
	}
	if err := c.db.Exec(c.ctx, view); err != nil {
		return err
	}
	t, err := c.db.Query(c.ctx, "SELECT DISTINCT held FROM target_universal ORDER BY held")
	if err != nil {
		return err
	}
	ids, drawn := t.Column("held").Texts, textColumn("held")
	for i, in := range c.drawnUniversal(&ids) {
		if in {
			drawn.Texts.Append(ids.At(i))
		}
	}
	if err := c.db.LoadTable(c.ctx, "target_drawn", table.New(drawn)); err != nil {
		return err
	}
	return c.make("target_held", "held")
}

// drawn reads the ranking without the universal control group, and the labels of
// its strata.
func (c *cutter) drawn(n int64, universal map[int64]string) (d list.Draw, labels []string, err error) {
	if err := c.make("target_strata", "strata"); err != nil {
		return d, nil, err
	}
	if err := c.viewChecked("target_earlier", c.earlier); err != nil {
		return d, nil, err
	}
	if err := c.make("target_prior", "prior"); err != nil {
		return d, nil, err
	}
	t, err := c.db.Query(c.ctx, "SELECT stratum FROM target_strata ORDER BY number")
	if err != nil {
		return d, nil, err
	}
	for i := range t.Rows() {
		labels = append(labels, textAt(t.Column("stratum"), i))
	}
	d.IDs.Offsets = []int32{0}
	err = c.pages(n, func(from, until sql.NamedArg) error {
		t, err := c.db.Query(c.ctx, queries.Get("target/ranking").SQL, from, until)
		if err != nil {
			return err
		}
		control := t.Column("control")
		for i, position := range t.Ints("position") {
			if _, ok := universal[position]; ok {
				continue
			}
			d.IDs.Append(t.Column("customer_id").Texts.At(i))
			d.Strata = append(d.Strata, int32(t.Ints("stratum")[i]))
			prior := list.Beyond
			switch {
			case control.Missing(i):
			case control.Bools[i]:
				prior = list.InControl
			default:
				prior = list.InTreatment
			}
			d.Prior = append(d.Prior, prior)
		}
		return nil
	})
	return d, labels, err
}
