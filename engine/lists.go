package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"clientele/engine/contactfile"
	"clientele/engine/internal/duck"
	"clientele/engine/list"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/queries"
)

// lists is the folder of the target lists.
func (e *Engine) lists() string { return e.path(workspace.ListsName) }

// viewLists makes the temporary views lists and list_members, and in the place of
// the stored responses a view that holds the members of lists too, as assigned.
func (e *Engine) viewLists(ctx context.Context, db *duck.DB) error {
	lists, err := list.All(e.lists())
	if err != nil {
		return err
	}
	return viewGiven(ctx, db, lists)
}

// viewGiven makes the views of viewLists of some lists.
func viewGiven(ctx context.Context, db *duck.DB, lists []list.List) error {
	if err := db.LoadTable(ctx, "target_stored", storedTable(lists)); err != nil {
		return fmt.Errorf("view lists: %w", err)
	}
	if err := viewMembers(ctx, db, "target_all_members", lists); err != nil {
		return fmt.Errorf("view list_members: %w", err)
	}
	for _, v := range [][2]string{{"lists", "stored"}, {"list_members", "stored_members"}, {"responses", "responses"}} {
		if v[0] == "responses" && len(lists) == 0 {
			continue // the stored ones are all that there is
		}
		if err := db.Exec(ctx, "CREATE OR REPLACE TEMP VIEW "+v[0]+" AS "+queries.Get("target/"+v[1]).SQL); err != nil {
			return fmt.Errorf("view %s: %w", v[0], err)
		}
	}
	return nil
}

// storedTable is what is known of lists without a look at their members.
func storedTable(lists []list.List) *table.Table {
	words := map[string]*table.Column{}
	t := table.New()
	for _, name := range []string{"list_id", "segment", "scheme", "rule", "channel", "campaign_id", "arm"} {
		words[name] = textColumn(name)
		t.Add(words[name])
	}
	n := len(lists)
	asOf, on := table.NewColumn(table.Field{Name: "as_of", Kind: table.Date}, n), table.NewColumn(table.Field{Name: "on", Kind: table.Date}, n)
	treated, control := table.NewColumn(table.Field{Name: "treated", Kind: table.Int}, n), table.NewColumn(table.Field{Name: "control", Kind: table.Int}, n)
	cancelled, share := table.NewColumn(table.Field{Name: "cancelled", Kind: table.Bool}, n), table.NewColumn(table.Field{Name: "share", Kind: table.Float}, n)
	for i, l := range lists {
		for name, text := range map[string]string{"list_id": l.ID, "segment": l.Segment, "scheme": l.Scheme, "rule": l.Rule, "channel": l.Channel, "campaign_id": l.Campaign, "arm": l.Arm} {
			words[name].Texts.AppendString(text)
		}
		asOf.Dates[i], on.Dates[i] = dayNumber(l.AsOf), dayNumber(l.On)
		treated.Ints[i], control.Ints[i], cancelled.Bools[i], share.Floats[i] = l.Treated, l.Kept, l.Cancelled != nil, l.Share
	}
	columns := t.Columns()
	return table.New(append(columns, asOf, on, treated, control, cancelled, share)...)
}

// dayNumber is a day of a manifest; one that is none is the first day there is.
func dayNumber(text string) int32 {
	day, err := ParseDay(text)
	if err != nil {
		return 0
	}
	return int32(day)
}

// memberColumns are the columns of the files of members.
const memberColumns = "list_id VARCHAR, customer_id VARCHAR, member BIGINT, arm VARCHAR, rank BIGINT, value DOUBLE, stratum VARCHAR"

// viewMembers makes a temporary view of the members of lists.
func viewMembers(ctx context.Context, db *duck.DB, name string, lists []list.List) error {
	var files []string
	for _, l := range lists {
		path, err := filepath.Abs(l.File(list.MembersName))
		if err != nil {
			return err
		}
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return fmt.Errorf("list %s is damaged: %w", l.ID, underlying(err))
		}
		files = append(files, duck.Literal(path))
	}
	view := "CREATE OR REPLACE TEMP VIEW " + duck.Identifier(name) + " AS SELECT " + nothing(memberColumns) + " WHERE false"
	if len(files) > 0 {
		view += " UNION ALL BY NAME SELECT * FROM read_parquet([" + strings.Join(files, ", ") + "], union_by_name=true)"
	}
	return db.Exec(ctx, view)
}

// Lists are the target lists that were cut, by as-of date and number, as rows.
func (e *Engine) Lists() (*table.Table, error) {
	lists, err := list.All(e.lists())
	if err != nil {
		return nil, err
	}
	t := storedTable(lists)
	state := textColumn("state")
	for _, l := range lists {
		word := "cut"
		if l.Cancelled != nil {
			word = "cancelled: " + l.Cancelled.Reason
		}
		state.Texts.AppendString(word)
	}
	out := table.New()
	for _, name := range []string{"list_id", "on", "segment", "rule", "channel", "campaign_id", "arm", "treated", "control"} {
		c := t.Column(name)
		if c.Kind == table.Text {
			c.Null = make([]bool, c.Len())
			for i := range c.Null {
				c.Null[i] = len(c.Texts.At(i)) == 0
			}
		}
		out.Add(c)
	}
	out.Add(state)
	return out, nil
}

// List is one list.
func (e *Engine) List(id string) (list.List, error) { return list.Open(e.lists(), id) }

// VerifyList compares the files of a list with what its manifest says of them.
func (e *Engine) VerifyList(l list.List) error { return list.Verify(l) }

// ListMembers are the members of a list by rank, with their arms; limit bounds the
// rows, 0 is no bound.
func (e *Engine) ListMembers(ctx context.Context, id string, limit int) (*table.Table, error) {
	return e.listFile(ctx, id, list.MembersName, "SELECT customer_id, arm, rank, value, stratum FROM %s ORDER BY rank", limit)
}

// ListRemoved are the customers of the segment who are not on a list: at which step
// they fell and why; limit bounds the rows, 0 is no bound.
func (e *Engine) ListRemoved(ctx context.Context, id string, limit int) (*table.Table, error) {
	return e.listFile(ctx, id, list.RemovedName, "SELECT customer_id, step, reason FROM %s ORDER BY customer_id, step, reason", limit)
}

// listFile reads a data file of a list.
func (e *Engine) listFile(ctx context.Context, id, name, query string, limit int) (t *table.Table, err error) {
	l, err := e.List(id)
	if err != nil {
		return nil, err
	}
	err = e.apart(ctx, func(db *duck.DB) error {
		t, err = db.Query(ctx, fmt.Sprintf(query, "read_parquet("+duck.Literal(l.File(name))+")")+
			" LIMIT CASE WHEN $limit = 0 THEN 9223372036854775807 ELSE $limit END", named("limit", limit))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", id, err)
	}
	return t, nil
}

// ExportRemoved writes who fell and why to a file, CSV or XLSX, and returns how
// many they are.
func (e *Engine) ExportRemoved(ctx context.Context, id string, file ListFile) (int64, error) {
	columns := []string{"customer_id", "step", "reason"}
	file.Columns = columns
	if _, err := e.checkFile(&file, "email"); err != nil {
		return 0, err
	}
	if file.Layout != "csv" && file.Layout != "xlsx" {
		return 0, fmt.Errorf("layout %q: not csv or xlsx, which people read", file.Layout)
	}
	t, err := e.ListRemoved(ctx, id, 0)
	if err != nil {
		return 0, err
	}
	t = RemovedInWords(t, file.Lang)
	p, err := newPending(file.To)
	if err != nil {
		return 0, err
	}
	defer p.discard()
	err = p.write(func() (int64, error) {
		w, err := contactfile.New(p.out, contactfile.Options{Layout: file.Layout, Channel: "email", Lang: file.Lang, Columns: columns, TempDir: filepath.Dir(file.To)})
		if err != nil {
			return 0, err
		}
		err = w.Write(t)
		return w.Rows(), errors.Join(err, w.Close())
	})
	if err != nil {
		return 0, err
	}
	return p.rows, p.place()
}

// RemovedInWords is what ListRemoved gives with the codes of steps and reasons as
// words of a language, en or zh.
func RemovedInWords(t *table.Table, lang string) *table.Table {
	steps, reasons := textColumn("step"), textColumn("reason")
	inWords := list.ReasonWords()
	for i, code := range texts(t.Column("step")) {
		step, stepZh := list.StepWords(code)
		reason, reasonZh := inWords(code, textAt(t.Column("reason"), i))
		if lang == "zh" {
			step, reason = stepZh, reasonZh
		}
		steps.Texts.AppendString(step)
		reasons.Texts.AppendString(reason)
	}
	return table.New(t.Column("customer_id"), steps, reasons)
}

// Exported is a file of a list that was written again.
type Exported struct {
	ListID  string      `json:"list_id"`
	File    string      `json:"file"`
	Written int64       `json:"rows_written"`
	Steps   []list.Step `json:"steps"` // from the treated customers of the list on: who may not be contacted any more
	Notes   []list.Note `json:"notes"`
}

// ExportList writes the file of a list again. The list stays as it was cut; the
// file leaves out whom one may not contact any more: who unsubscribed since, whose
// consent was withdrawn, whom a suppression file names now, who is in an excluded
// segment of the current run, and so on.
func (e *Engine) ExportList(ctx context.Context, id string, file ListFile) (Exported, error) {
	done := Exported{ListID: id, File: file.To}
	l, err := e.List(id)
	if err != nil {
		return done, err
	}
	if l.Cancelled != nil {
		return done, cancelledError(l)
	}
	columns, err := e.checkFile(&file, l.Channel)
	if err != nil {
		return done, err
	}
	c := &cutter{Engine: e, columns: columns, cut: Cut{File: file}, manifest: l.Manifest}
	c.manifest.Notes, c.manifest.Suppress, c.manifest.Replaces = nil, nil, ""
	c.manifest.Rules.Consent, c.manifest.Rules.Complaint, c.manifest.Rules.Universal = e.Config.Contact.Consent, e.Config.Contact.Complaint, e.Config.Contact.Universal
	c.manifest.Rules.Caps = nil // this list is a contact that counts already
	if c.asOf, err = ParseDay(l.AsOf); err != nil {
		return done, err
	}
	if c.on, err = ParseDay(l.On); err != nil {
		return done, err
	}
	err = e.locked(func(lock *workspace.Lock) error {
		if err := c.earlierLists(); err != nil {
			return err
		}
		return c.read(ctx, func(db *duck.DB) error {
			c.ctx, c.db = ctx, db
			if err := c.readKey(lock); err != nil {
				return err
			}
			return c.export(l, &done)
		})
	})
	return done, err
}

// export writes the treated members of a list who may be contacted today.
func (c *cutter) export(l list.List, done *Exported) error {
	defer c.stage("write the file", 0)()
	if err := c.viewChecked("target_list", []list.List{l}); err != nil {
		return err
	}
	if err := c.make("target_people", "members"); err != nil {
		return err
	}
	if err := c.excludedToday(); err != nil {
		return err
	}
	c.run.AsOf = l.AsOf
	for _, step := range []func() error{c.judge, c.rank, func() error { return c.keepArms(l) }} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := c.exportScores(l.AsOf); err != nil {
		return err
	}
	file, err := c.writeFile(c.cut.File, c.columns, l.ID)
	if err != nil {
		return err
	}
	defer file.discard()
	steps, err := c.db.Query(c.ctx, "SELECT step, count(*) AS n FROM target_removed GROUP BY step ORDER BY step")
	if err != nil {
		return err
	}
	fell, removed := map[string]int64{}, int64(0)
	for i, n := range steps.Ints("n") {
		fell[string(steps.Column("step").Texts.At(i))] = n
		removed += n
	}
	if removed+file.rows != l.Treated {
		return fmt.Errorf("%d customers are on list %s, and %d were written and %d left out", l.Treated, l.ID, file.rows, removed)
	}
	for _, s := range list.Waterfall(l.Treated, fell) {
		if s.Step == list.StepSegment {
			s.En, s.Zh = "treated on the list", "名单中的实验组"
		} else if s.Fell == 0 {
			continue
		}
		done.Steps = append(done.Steps, s)
	}
	done.Written, done.Notes = file.rows, c.manifest.Notes
	return file.place()
}

// excludedToday makes target_excluded of a list that was cut: who is in a segment of
// today's contact.exclude in the current run.
func (c *cutter) excludedToday() error {
	c.manifest.Rules.Exclude = c.Config.Contact.Exclude
	if len(c.manifest.Rules.Exclude) == 0 {
		return c.db.Exec(c.ctx, "CREATE OR REPLACE TEMP TABLE target_excluded (person BIGINT, reason VARCHAR)")
	}
	var err error
	if c.run, err = c.current(""); err != nil {
		return fmt.Errorf("contact.exclude: %w", err)
	}
	if err := c.run.CheckFile("segment_members.parquet"); err != nil {
		return err
	}
	if err := c.viewFile("run_members", "segment_members"); err != nil {
		return err
	}
	all, err := c.segmentNames()
	if err != nil {
		return err
	}
	if err := c.stageExclude(all); err != nil {
		return err
	}
	if err := c.db.Exec(c.ctx, "CREATE OR REPLACE TEMP TABLE target_segment (run_id VARCHAR)"); err != nil { // the members are known already
		return err
	}
	if err := c.make("target_ids", "ids"); err != nil {
		return err
	}
	return c.make("target_excluded", "excluded")
}

// keepArms makes target_outcome of a list that was cut: everybody in the ranking is
// treated, apart from the universal control group, which may have grown, and from
// those who turned out to be, or to share an address with, somebody kept back.
func (c *cutter) keepArms(l list.List) error {
	held, err := c.heldBack(l)
	if err != nil {
		return err
	}
	var n int64
	if err := c.db.Row(c.ctx, []any{&n}, "SELECT count(*) FROM target_ranked"); err != nil {
		return err
	}
	universal, err := c.universal(n)
	if err != nil {
		return err
	}
	arms := make([]list.Arm, 0, n)
	for position := range n {
		if _, ok := universal[position]; ok {
			continue
		}
		arm := list.InTreatment
		if held[position] {
			arm = inAnother
		}
		arms = append(arms, arm)
	}
	if err := c.stageArms(arms, universal); err != nil {
		return err
	}
	return c.db.Exec(c.ctx, "UPDATE target_outcome SET rank = CAST(-worth AS BIGINT)") // that of the list
}

// heldBack are the places in the ranking of those who are in a control group of the
// list or of its campaign.
func (c *cutter) heldBack(l list.List) (map[int64]bool, error) {
	lists := append([]list.List{l}, slices.DeleteFunc(slices.Clone(c.earlier), func(other list.List) bool { return other.ID == l.ID })...)
	if err := c.viewChecked("target_earlier", lists); err != nil {
		return nil, err
	}
	if err := c.make("target_prior", "prior"); err != nil {
		return nil, err
	}
	t, err := c.db.Query(c.ctx, "SELECT k.position FROM target_ranked AS k JOIN target_prior AS p ON k.person = p.person WHERE p.control ORDER BY k.position")
	if err != nil {
		return nil, err
	}
	held := map[int64]bool{}
	for _, position := range t.Ints("position") {
		held[position] = true
	}
	return held, nil
}

// exportScores views the scores of the run that a list was cut from; without that
// run there are none.
func (c *cutter) exportScores(asOf string) error {
	run, err := workspace.OpenRun(c.Dir, asOf)
	if isNotExist(err) {
		return c.db.Exec(c.ctx, "CREATE OR REPLACE TEMP VIEW run_scores AS SELECT CAST(NULL AS VARCHAR) AS customer_id WHERE false")
	}
	if err != nil {
		return err
	}
	if err := run.CheckFile("scores.parquet"); err != nil {
		return err
	}
	c.run = run
	return c.viewFile("run_scores", "scores")
}

// CancelList says of a list that it does not count any more: its members are not
// assigned, and it is no contact. A list that was sent out cannot be cancelled.
func (e *Engine) CancelList(ctx context.Context, id, reason string) (list.List, error) {
	if reason = strings.TrimSpace(reason); reason == "" {
		reason = "by hand"
	}
	if _, err := e.List(id); err != nil { // before a lock file is made where there is no workspace
		return list.List{}, err
	}
	var l list.List
	err := e.locked(func(*workspace.Lock) error {
		var err error
		if l, err = e.List(id); err != nil {
			return err
		}
		if err := e.notSent(ctx, l); err != nil {
			return err
		}
		return list.Cancel(l, reason, e.Now)
	})
	return l, err
}

// notSent is an error where messages of the list's campaign are known to have gone
// out: who was assigned then stays assigned. To choose again after the event would leave out those
// whom the message itself made unreachable, and the result would be of a choice.
func (e *Engine) notSent(ctx context.Context, l list.List) error {
	if l.Campaign == "" {
		return nil
	}
	return e.read(ctx, func(db *duck.DB) error {
		var n int64
		err := db.Row(ctx, []any{&n}, queries.Get("target/sent").SQL, sql.Named("campaign", l.Campaign), sql.Named("on", l.On))
		if err == nil && n > 0 {
			err = fmt.Errorf("list %s was sent out: %d events of campaign %s are from %s on, so its customers stay assigned; cut a new list for a new campaign", l.ID, n, l.Campaign, l.On)
		}
		return err
	})
}

// RecutList cuts a list anew with the settings that it was cut with, on the current
// run and with today's rules, and cancels it: both at one instant. Its customers
// keep their arms. Of cut the fields AsOf, On, File and DryRun count.
func (e *Engine) RecutList(ctx context.Context, id string, cut Cut, announce func(Cutting) error) (Cutting, error) {
	l, err := e.List(id)
	if err != nil {
		return Cutting{}, err
	}
	if err := e.notSent(ctx, l); err != nil {
		return Cutting{}, err
	}
	segment := l.Segment
	if segment != "" {
		segment = l.Scheme + "/" + l.Segment
	}
	c, err := e.newCutter(Cut{
		Segment: segment, Where: l.Rule, Channel: l.Channel, Campaign: l.Campaign, Arm: l.Arm,
		Rank: l.Rank, Limit: l.Limit, Control: &l.Share, Stratify: l.Stratified,
		AsOf: cut.AsOf, On: cut.On, File: cut.File, DryRun: cut.DryRun,
	})
	if err != nil {
		return Cutting{}, err
	}
	c.manifest.Budget, c.manifest.CostPerContact = l.Budget, l.CostPerContact // the limit is what they come to
	c.manifest.Replaces, c.manifest.Seed = l.ID, l.Seed
	return c.cutList(ctx, announce)
}

// cancelledError says that a list does not count any more.
func cancelledError(l list.List) error {
	return fmt.Errorf("list %s is cancelled: %s", l.ID, l.Cancelled.Reason)
}
