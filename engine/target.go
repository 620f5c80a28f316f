package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"clientele/engine/config"
	"clientele/engine/contactfile"
	"clientele/engine/internal/duck"
	"clientele/engine/list"
	"clientele/engine/segment"
	"clientele/engine/workspace"
	"clientele/models/stat"
	"clientele/queries"
)

// Cut says which target list is to be cut. What is left at its zero value is as
// the configuration has it, or as the field says.
type Cut struct {
	Segment  string   // NAME, or SCHEME/NAME where several schemes have the name; may be empty beside Where
	Where    string   // a rule in the language of segments that holds besides; may be empty
	Channel  string   // one of config.ContactChannels
	Campaign string   // campaign_id; empty: none
	Arm      string   // what the treatment is called; empty: treated
	AsOf     string   // the run; empty: the current one
	On       string   // the day from which the list counts, YYYY-MM-DD; empty: the day after the run's
	Rank     string   // value, risk, or a column of scores, with a minus in front: the smallest first; empty: value
	Limit    int64    // treated at most; 0: no limit
	Budget   string   // a number: what may be spent; empty: no bound
	Cost     string   // a number: what one contact costs; with Budget only
	Control  *float64 // share that is kept back, in [0,0.9]; nil: contact.control
	Stratify []string // columns of scores within each value of which that share holds; nil: contact.stratified
	File     ListFile // the file for people
	DryRun   bool     // work everything out and cut nothing
}

// ListFile is a file of the treated customers of a list.
type ListFile struct {
	To      string   // its path
	Layout  string   // one of contactfile.Layouts; empty: xlsx where the path ends so, else csv
	Lang    string   // of its headings: en or zh; empty: en
	Columns []string // empty: those that the layout needs
}

// Cutting is a list with what came of it.
type Cutting struct {
	list.Manifest
	DryRun  bool   `json:"dry_run,omitempty"`
	File    string `json:"file,omitempty"` // the file for people
	Written int64  `json:"rows_written"`   // its rows
}

// Layouts are the layouts of files of lists.
func Layouts() []string { return contactfile.Layouts() }

// ErrNobody says that no customer is left for a list.
var ErrNobody = errors.New("nobody is left to contact: no list was cut")

// Target cuts a list: those of a segment who may be contacted, ranked, as many as
// the limit allows, some of them kept back as the control group. announce, which
// may be nil, is told of everything before anything is written; its error ends the
// cutting. The list lies in the folder lists afterwards, and the file at its place.
func (e *Engine) Target(ctx context.Context, cut Cut, announce func(Cutting) error) (Cutting, error) {
	c, err := e.newCutter(cut)
	if err != nil {
		return Cutting{}, err
	}
	return c.cutList(ctx, announce)
}

// cutter is one cutting under way.
type cutter struct {
	*Engine
	cut      Cut
	run      workspace.Run
	asOf, on Day
	manifest list.Manifest
	all      []list.List
	lists    []list.List // of them those that count, without the one that is replaced
	earlier  []list.List // of the same campaign, and the one that is replaced
	columns  []string    // of the file
	rule     *segment.Rule

	ctx context.Context
	db  *duck.DB
	key []byte
}

// newCutter checks what needs no store.
func (e *Engine) newCutter(cut Cut) (*cutter, error) {
	c := &cutter{Engine: e, cut: cut}
	var err error
	if c.run, err = e.current(cut.AsOf); err != nil {
		return nil, err
	}
	if c.asOf, err = ParseDay(c.run.AsOf); err != nil {
		return nil, err
	}
	c.on = c.asOf + 1
	if cut.On != "" {
		if c.on, err = ParseDay(cut.On); err != nil {
			return nil, fmt.Errorf("on %w", err)
		}
		if c.on < c.asOf {
			return nil, fmt.Errorf("on %v: is before the day of the run, %v", c.on, c.asOf)
		}
	}
	if !slices.Contains(config.ContactChannels(), cut.Channel) {
		return nil, fmt.Errorf("channel %q: not one of %s", cut.Channel, strings.Join(config.ContactChannels(), ", "))
	}
	if cut.File.To != "" || !cut.DryRun {
		if c.columns, err = c.checkFile(&c.cut.File, cut.Channel); err != nil {
			return nil, err
		}
	}
	return c, c.begin()
}

// begin begins the manifest with what was asked for.
func (c *cutter) begin() error {
	share, stratified := c.Config.Contact.Control, c.Config.Contact.Stratified
	if c.cut.Control != nil {
		share = *c.cut.Control
	}
	if !(share >= 0 && share <= 0.9) {
		return fmt.Errorf("control %g: not between 0 and 0.9", share)
	}
	if c.cut.Stratify != nil {
		stratified = c.cut.Stratify
	}
	limit, err := c.cut.limit()
	if err != nil {
		return err
	}
	arm := c.cut.Arm
	if arm == "" {
		arm = list.Treated
	}
	if arm == list.Control {
		return fmt.Errorf("arm %q: is what the control group is called", arm)
	}
	if c.cut.Segment == "" && c.cut.Where == "" {
		return errors.New("neither a segment nor a rule says who the list is for")
	}
	if c.cut.Where != "" {
		if c.rule, err = segment.Parse(c.cut.Where); err != nil {
			return err
		}
		c.cut.Where = c.rule.String()
	}
	contact := c.Config.Contact
	rank := c.cut.Rank
	if rank == "" {
		rank = "value"
	}
	c.manifest = list.Manifest{
		Program: c.Version, ConfigHash: config.Hash(c.Config), CutAt: c.Now.UTC().Format(time.RFC3339), AsOf: c.asOf.String(), On: c.on.String(), OnGiven: c.cut.On != "",
		Segment: c.cut.Segment, Rule: c.cut.Where, Channel: c.cut.Channel, Campaign: c.cut.Campaign, Arm: arm,
		Rank: rank, Limit: limit, Budget: c.cut.Budget, CostPerContact: c.cut.Cost, Share: share, Stratified: slices.Clone(stratified),
		Rules: list.Rules{Consent: contact.Consent, Complaint: contact.Complaint, Caps: []list.Cap{}, Exclude: append([]string{}, contact.Exclude...), Universal: contact.Universal},
	}
	for _, limit := range contact.Caps {
		c.manifest.Rules.Caps = append(c.manifest.Rules.Caps, list.Cap(limit))
	}
	hash, err := fileHash(filepath.Join(c.run.Dir, workspace.ManifestName))
	c.manifest.RunHash = hash
	return err
}

func fileHash(path string) (string, error) {
	text, err := os.ReadFile(path)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

// limit is how many customers may be treated, 0 for any number.
func (c Cut) limit() (int64, error) {
	if c.Limit < 0 {
		return 0, fmt.Errorf("limit %d: is below zero", c.Limit)
	}
	if c.Budget == "" && c.Cost == "" {
		return c.Limit, nil
	}
	if c.Budget == "" || c.Cost == "" {
		return 0, errors.New("a budget and the cost of one contact go together")
	}
	budget, err := amount("budget", c.Budget)
	if err != nil {
		return 0, err
	}
	cost, err := amount("cost of one contact", c.Cost)
	if err != nil {
		return 0, err
	}
	if cost.Sign() == 0 {
		return 0, fmt.Errorf("cost of one contact %s: is zero, so a budget is no limit", c.Cost)
	}
	pays := new(big.Rat).Quo(budget, cost)
	n := new(big.Int).Quo(pays.Num(), pays.Denom())
	if n.Sign() == 0 {
		return 0, fmt.Errorf("a budget of %s does not pay for one contact at %s", c.Budget, c.Cost)
	}
	if !n.IsInt64() || c.Limit > 0 && c.Limit < n.Int64() {
		return c.Limit, nil
	}
	return n.Int64(), nil
}

// amount reads an amount of money exactly.
func amount(what, text string) (*big.Rat, error) {
	if !regexp.MustCompile(`^[0-9]{1,18}(\.[0-9]{1,9})?$`).MatchString(text) {
		return nil, fmt.Errorf("%s %q: not an amount such as 5000 or 0.05", what, text)
	}
	v, _ := new(big.Rat).SetString(text) // what matches is a number
	return v, nil
}

// cutList cuts the list.
func (c *cutter) cutList(ctx context.Context, announce func(Cutting) error) (Cutting, error) {
	var done Cutting
	err := c.locked(func(lock *workspace.Lock) error {
		if err := c.earlierLists(); err != nil {
			return err
		}
		var err error
		done, err = c.cutLocked(ctx, lock, announce)
		return err
	})
	return done, err
}

func (c *cutter) cutLocked(ctx context.Context, lock *workspace.Lock, announce func(Cutting) error) (Cutting, error) {
	done := Cutting{DryRun: c.cut.DryRun}
	err := c.read(ctx, func(db *duck.DB) error {
		c.ctx, c.db = ctx, db
		if err := c.readKey(lock); err != nil {
			return err
		}
		if err := c.work(); err != nil {
			return err
		}
		done.Manifest = c.manifest
		if announce != nil {
			if err := announce(done); err != nil {
				return err
			}
		}
		if c.manifest.Treated == 0 {
			return ErrNobody
		}
		if c.cut.DryRun {
			return nil
		}
		var err error
		done, err = c.publish()
		return err
	})
	return done, err
}

// earlierLists reads the lists that there are.
func (c *cutter) earlierLists() error {
	all, err := list.All(c.Engine.lists())
	if err != nil {
		return err
	}
	c.all = all
	for _, l := range all {
		replaced := l.ID == c.manifest.Replaces
		if replaced && l.Cancelled != nil {
			return cancelledError(l)
		}
		if l.Cancelled == nil && !replaced {
			c.lists = append(c.lists, l)
		}
		if replaced || l.Cancelled == nil && l.Campaign != "" && l.Campaign == c.manifest.Campaign {
			c.earlier = append(c.earlier, l)
		}
	}
	return nil
}

// readKey takes the key of the workspace, which is the one that the store's ids of
// customers known by an address were made with: another one would make another
// universal control group.
func (c *cutter) readKey(lock *workspace.Lock) error {
	recorded, err := meta(c.ctx, c.db)
	if err != nil {
		return err
	}
	print := recorded["key_fingerprint"]
	if _, err := os.Lstat(c.path(workspace.KeyName)); isNotExist(err) && print != "" {
		return fmt.Errorf("%s is missing, and with another key the control groups would be others: restore it from a backup", c.path(workspace.KeyName))
	}
	if c.key, err = lock.Key(); err != nil {
		return err
	}
	c.manifest.KeyPrint = list.Fingerprint(c.key)
	if print != "" && print != c.manifest.KeyPrint {
		return fmt.Errorf("%s is not the key that the store was made with, so the control groups would be others: restore it from a backup", c.path(workspace.KeyName))
	}
	return nil
}

// work works the list out, in temporary tables, and completes the manifest.
func (c *cutter) work() error {
	defer c.stage("choose whom to contact", 0)()
	for _, step := range []func() error{c.checkRun, c.viewRun, c.stageSegment, c.stagePeople, c.judge, c.rank, c.knowColumns, c.draw, c.count, c.measure, c.remark} {
		if err := ended(c.ctx); err != nil {
			return err
		}
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// checkRun makes sure that the files of the run are as they were published.
func (c *cutter) checkRun() error {
	for _, name := range []string{"scores.parquet", "segment_members.parquet"} {
		if err := c.run.CheckFile(name); err != nil {
			return err
		}
	}
	return nil
}

// seed is what arms are drawn by: a customer keeps the arm over all lists of a
// campaign. Without a campaign it is all that makes the list this one, but for its
// number: the same cut gives the same arms.
func (c *cutter) seed() string {
	if c.manifest.Seed != "" { // that of the list which this one replaces
		return c.manifest.Seed
	}
	m := c.manifest
	if m.Campaign != "" {
		return "campaign " + m.Campaign
	}
	return strings.Join([]string{"list", m.Channel, m.On, m.Scheme, m.Segment, m.Rule}, " / ")
}

// count fills in the waterfall and makes sure that everybody of the segment is
// either a member of the list or removed.
func (c *cutter) count() error {
	var all, removed int64
	if err := c.db.Row(c.ctx, []any{&all}, "SELECT count(*) FROM target_people"); err != nil {
		return err
	}
	steps, err := c.db.Query(c.ctx, "SELECT step, count(*) AS n FROM target_removed GROUP BY step ORDER BY step")
	if err != nil {
		return err
	}
	fell := map[string]int64{}
	for i, n := range steps.Ints("n") {
		fell[string(steps.Column("step").Texts.At(i))] = n
		removed += n
	}
	err = c.db.Row(c.ctx, []any{&c.manifest.Treated, &c.manifest.Kept}, "SELECT count(*) FILTER (arm = 1), count(*) FILTER (arm = 2) FROM target_outcome")
	if err != nil {
		return err
	}
	if all != removed+c.manifest.Treated+c.manifest.Kept {
		return fmt.Errorf("%d customers of the segment, and %d removed, %d treated and %d kept back: no list was cut", all, removed, c.manifest.Treated, c.manifest.Kept)
	}
	fell[list.StepControl] = c.manifest.Kept
	c.manifest.Steps = list.Waterfall(all, fell)
	return nil
}

// The level and the power that lists are planned for.
const (
	testLevel = 0.05
	testPower = 0.8
)

// measure works out what the campaign will be able to show.
func (c *cutter) measure() error {
	if c.manifest.Kept == 0 || c.manifest.Treated == 0 {
		return nil
	}
	p, err := c.baseRate()
	if err != nil || p == nil {
		return err
	}
	treated, kept := c.manifest.Treated, c.manifest.Kept
	power := func(lift float64) float64 {
		if raised := p.Base * (1 + lift); p.Base > 0 && raised <= 1 {
			return stat.ProportionPower(raised, p.Base, float64(treated), float64(kept), testLevel)
		}
		return 0
	}
	p.Window, p.Ten, p.Twenty = c.Config.Campaigns.Window, power(0.1), power(0.2)
	p.Smallest = stat.DetectableRate(p.Base, int(treated), int(kept), testLevel, testPower).Up
	c.manifest.Power = p
	return nil
}

// publish writes the list and the file, and puts both in their places: the list
// first, so that nobody is contacted of whom no list tells.
func (c *cutter) publish() (Cutting, error) {
	done := c.stage("write the list", 0)
	folder, err := list.Begin(c.Engine.lists(), c.asOf.String())
	if err != nil {
		return Cutting{}, err
	}
	published := false
	defer func() {
		if !published {
			folder.Discard() // the next list clears it away too
		}
	}()
	rows, err := c.writeParquet(folder)
	if err != nil {
		return Cutting{}, err
	}
	if rows[list.MembersName] != c.manifest.Treated+c.manifest.Kept || rows[list.RemovedName] != c.removed() {
		return Cutting{}, fmt.Errorf("%d members and %d removed customers were written, and there are %d and %d", rows[list.MembersName], rows[list.RemovedName], c.manifest.Treated+c.manifest.Kept, c.removed())
	}
	file, err := c.writeFile(c.cut.File, c.columns, folder.ID)
	if err != nil {
		return Cutting{}, err
	}
	defer file.discard()
	if file.rows != c.manifest.Treated {
		return Cutting{}, fmt.Errorf("%d customers were written to %s, and %d are on the list", file.rows, c.cut.File.To, c.manifest.Treated)
	}
	cut, err := folder.Publish(c.manifest, rows)
	if err != nil {
		return Cutting{}, err
	}
	published = true
	done()
	result := Cutting{Manifest: cut.Manifest, File: c.cut.File.To, Written: file.rows}
	if err := file.place(); err != nil {
		return result, fmt.Errorf("list %s is cut, and its file could not be put at %s: %w: clientele list export %s --to FILE writes it", cut.ID, c.cut.File.To, underlying(err), cut.ID)
	}
	return result, nil
}

// removed is how many customers fell before the list.
func (c *cutter) removed() (n int64) {
	for _, s := range c.manifest.Steps {
		if s.Step != list.StepControl {
			n += s.Fell
		}
	}
	return n
}

// writeParquet writes the data files of the list.
func (c *cutter) writeParquet(folder *list.Folder) (map[string]int64, error) {
	rows := map[string]int64{}
	err := c.db.Exec(c.ctx, "CREATE OR REPLACE TEMP TABLE target_members AS "+queries.Get("target/list").SQL, named("list", folder.ID), named("arm", c.manifest.Arm))
	if err != nil {
		return nil, err
	}
	for name, query := range map[string]string{
		list.MembersName: "FROM target_members ORDER BY rank",
		list.RemovedName: "FROM target_removed ORDER BY customer_id, step, reason",
	} {
		n, err := c.db.Affected(c.ctx, "COPY ("+query+") TO "+duck.Literal(folder.File(name))+" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)")
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
		rows[name] = n
	}
	return rows, nil
}
