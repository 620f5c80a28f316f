package engine

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/list"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/models"
	"clientele/queries"
)

// CampaignReading says how the result of a campaign is read. Zero values stand for the
// configuration's.
type CampaignReading struct {
	Campaign  string
	AsOf      string    // the last day of which facts are used: YYYY-MM-DD, today, yesterday or latest; "": latest
	Window    int       // days from the assignment on; 0: campaigns.window_days
	Outcome   string    // orders, or an event of responses; "": campaigns.outcome
	Covariate string    // what is known before: spend, none, or attribute.NAME; "": spend
	By        []string  // groups within which arms are compared: of Groupings, or attribute.NAME; none: all of Groupings
	Ratio     []float64 // intended sizes of the arms, treated ones in the order of their names, then control; none: what lists say, else not known
}

// Groupings are the columns by which a result is split: those of the last run
// before the assignment, and the channel that the customer came through.
func Groupings() []string { return []string{"rfm_segment", "rfm_cell", "acquired_channel"} }

// byList splits a result by the target lists that assigned the customers.
const byList = "list_id"

// ControlArm is the arm that is not contacted.
const ControlArm = "control"

// CampaignResult is what can be said of a campaign. Sections that cannot be
// given are absent, and a warning says why.
type CampaignResult struct {
	ID, Name, Channel string
	AsOf              Day
	From, To          Day // first assignment, and the last day that counts; equal and zero without assignments
	Window            int
	Outcome           string
	Open              bool           // windows have not closed: what stands here is a look before the end
	Verdict           models.Warning // in one sentence
	Sections          []Section
	Warnings          []models.Warning
}

// Section returns the table of that title; nil where there is none.
func (r *CampaignResult) Section(title string) *table.Table {
	for _, s := range r.Sections {
		if s.Title == title {
			return s.Table
		}
	}
	return nil
}

// CampaignSections are the titles that sections may have.
func CampaignSections() []string {
	return []string{"campaign", "funnel", "arms", "lift", "money", "groups", "attribution"}
}

// Campaigns lists all campaigns of which anything is known.
func (e *Engine) Campaigns(ctx context.Context, asOf string) (t *table.Table, err error) {
	err = e.campaignData(ctx, asOf, func(db *duck.DB, _ Day) error {
		t, err = db.Query(ctx, queries.Get("campaign/list").SQL)
		return err
	})
	return t, err
}

// campaignData opens the store with the views over runs and lists and what is
// left out, as of a day.
func (e *Engine) campaignData(ctx context.Context, asOf string, fn func(*duck.DB, Day) error) error {
	if asOf == "" {
		asOf = "latest"
	}
	return e.read(ctx, func(db *duck.DB) error {
		if err := e.viewRuns(ctx, db); err != nil {
			return err
		}
		day, err := e.resolveAsOf(ctx, db, asOf)
		if err != nil {
			return err
		}
		if err := makeBounds(ctx, db, e.Config, day); err != nil {
			return err
		}
		if err := makeExclusions(ctx, db, e.Config.Exclude); err != nil {
			return err
		}
		return fn(db, day)
	})
}

// CampaignResult reads the result of a campaign: by assignment, never by what
// those who were assigned did with the message.
func (e *Engine) CampaignResult(ctx context.Context, r CampaignReading) (*CampaignResult, error) {
	r, err := e.complete(r)
	if err != nil {
		return nil, err
	}
	var out *CampaignResult
	err = e.campaignData(ctx, r.AsOf, func(db *duck.DB, day Day) error {
		known, err := e.knownOfCampaigns(ctx, db)
		if err != nil {
			return err
		}
		out, err = e.readCampaign(ctx, db, day, r, known, true)
		return err
	})
	return out, err
}

// campaignResults are the results of several campaigns.
type campaignResults struct {
	list       []*CampaignResult
	more       int // others assigned customers
	unassigned int // of as late a day, of which nobody is known to have been assigned
}

// campaignResults reads the campaigns that assigned customers and began after a day, the
// newest first, at most so many, without attribution.
func (e *Engine) campaignResults(ctx context.Context, db *duck.DB, day, after Day, most int) (out campaignResults, err error) {
	known, err := e.knownOfCampaigns(ctx, db)
	if err != nil {
		return out, err
	}
	t := known.list
	began := t.Column("started_on")
	for i := range t.Rows() {
		late := !began.Missing(i) && Day(began.Dates[i]) > after
		switch {
		case t.Ints("assigned")[i] == 0:
			if late && Day(began.Dates[i]) <= day {
				out.unassigned++
			}
			continue
		case len(out.list) == most || !late:
			out.more++
			continue
		}
		r, err := e.complete(CampaignReading{Campaign: string(t.Column("campaign_id").Texts.At(i))})
		if err != nil {
			return out, err
		}
		c, err := e.readCampaign(ctx, db, day, r, known, false)
		if err != nil {
			return out, fmt.Errorf("campaign %s: %w", r.Campaign, err)
		}
		out.list = append(out.list, c)
	}
	return out, nil
}

// complete puts the configuration's settings where a reading has none.
func (e *Engine) complete(r CampaignReading) (CampaignReading, error) {
	if r.Window == 0 {
		r.Window = e.Config.Campaigns.Window
	}
	if r.Window < 0 {
		return r, fmt.Errorf("a window of %d days: at least one is needed", r.Window)
	}
	if r.Outcome == "" {
		r.Outcome = e.Config.Campaigns.Outcome
	}
	if words := append([]string{outcomeOrders}, config.OutcomeEvents()...); !slices.Contains(words, r.Outcome) {
		return r, fmt.Errorf("outcome %q: not one of %s", r.Outcome, strings.Join(words, ", "))
	}
	if r.Covariate == "" {
		r.Covariate = covariateSpend
	}
	if r.Covariate != covariateSpend && r.Covariate != covariateNone && attributeOf(r.Covariate) == "" {
		return r, fmt.Errorf("covariate %q: not %s, %s or attribute.NAME", r.Covariate, covariateSpend, covariateNone)
	}
	if len(r.By) == 0 {
		r.By = Groupings()
	}
	for _, by := range r.By {
		if !slices.Contains(append(Groupings(), byList), by) && attributeOf(by) == "" {
			return r, fmt.Errorf("by %q: not one of %s, %s or attribute.NAME", by, strings.Join(Groupings(), ", "), byList)
		}
	}
	return r, nil
}

const (
	outcomeOrders  = "orders"
	covariateSpend = "spend"
	covariateNone  = "none"
)

// attributeOf is the name of attribute.NAME, "" for other texts.
func attributeOf(text string) string {
	name, found := strings.CutPrefix(text, "attribute.")
	if !found {
		return ""
	}
	return name
}

// campaignReader reads one campaign.
type campaignReader struct {
	*Engine
	ctx   context.Context
	db    *duck.DB
	r     CampaignReading
	out   *CampaignResult
	known *knownOfCampaigns
	twice int     // customers who were assigned to more than one arm
	cost  float64 // of the campaign; NaN: not known
	// recipients is how many were written to, as events or the campaigns file tell.
	recipients int64
	people     *table.Table
	arms       []*arm
	groups     map[string][]string  // by grouping: the group of each row of people
	drawn      map[string]drawnList // the lists that assigned; nil: not all customers are of lists
}

// arm is one arm of a campaign. Its customers are rows of people.
type arm struct {
	name      string
	customers []int32
	control   *arm // who was kept back from what the arm was drawn of; nil: nobody
}

// knownOfCampaigns is what is asked once for readings of several campaigns.
type knownOfCampaigns struct {
	list     *table.Table
	margin   float64 // share of revenue
	warnings []models.Warning
}

// knownOfCampaigns lists campaigns, and finds the configured margin, else what costs say.
func (e *Engine) knownOfCampaigns(ctx context.Context, db *duck.DB) (*knownOfCampaigns, error) {
	t, err := db.Query(ctx, queries.Get("campaign/list").SQL)
	if err != nil {
		return nil, err
	}
	var l learned
	m, err := (&run{Engine: e, ctx: ctx, db: db}).margin(&l)
	if err == nil && m == 1 && e.Config.Margin != 1 {
		l.warnings = append(l.warnings, models.Warning{Code: "margin_unknown",
			En: "No margin is known: what is called margin and profit takes all revenue as margin. Set margin in clientele.yaml, or load costs.",
			Zh: "毛利率未知：毛利与利润按全部收入计算。请在 clientele.yaml 中设置 margin，或载入成本。"})
	}
	return &knownOfCampaigns{t, m, l.warnings}, err
}

// readCampaign reads one campaign, with attribution where that is wanted.
func (e *Engine) readCampaign(ctx context.Context, db *duck.DB, day Day, r CampaignReading, known *knownOfCampaigns, attribution bool) (*CampaignResult, error) {
	c := &campaignReader{Engine: e, ctx: ctx, db: db, r: r, known: known}
	c.out = &CampaignResult{ID: r.Campaign, AsOf: day, Window: r.Window, Outcome: r.Outcome}
	if err := c.head(); err != nil {
		return nil, err
	}
	if err := c.read(); err != nil {
		return nil, err
	}
	if err := c.funnel(); err != nil {
		return nil, err
	}
	if err := c.compare(); err != nil {
		return nil, err
	}
	if !attribution {
		return c.out, nil
	}
	return c.out, c.attribution()
}

func (c *campaignReader) warn(code, en, zh string) {
	c.out.Warnings = append(c.out.Warnings, models.Warning{Code: code, En: en, Zh: zh})
}

// head finds the campaign's row.
func (c *campaignReader) head() error {
	t := c.known.list
	ids := make([]string, t.Rows())
	for i := range ids {
		ids[i] = string(t.Column("campaign_id").Texts.At(i))
	}
	at := slices.Index(ids, c.r.Campaign)
	if at < 0 {
		if err := c.begun(); err != nil {
			return err
		}
		return fmt.Errorf("no campaign %q%s: clientele campaign list names them", c.r.Campaign, nearestWord(c.r.Campaign, ids))
	}
	text := func(name string) string {
		if col := t.Column(name); !col.Missing(at) {
			return string(col.Texts.At(at))
		}
		return ""
	}
	c.out.Name, c.out.Channel, c.cost = text("name"), text("channel"), math.NaN()
	c.recipients = t.Ints("sent")[at]
	if col := t.Column("cost"); !col.Missing(at) {
		c.cost = col.Floats[at]
	}
	c.out.Sections = append(c.out.Sections, Section{"campaign", t.Slice(at, at+1)})
	return nil
}

// begun is an error where a list was cut for the campaign that does not count yet.
func (c *campaignReader) begun() error {
	lists, err := list.All(c.lists())
	if err != nil {
		return err
	}
	for _, l := range lists {
		if l.Campaign == c.r.Campaign && l.Cancelled == nil {
			return fmt.Errorf("campaign %s: its list %s counts from %s on, and the facts go to %v: nothing can be read yet", c.r.Campaign, l.ID, l.On, c.out.AsOf)
		}
	}
	return nil
}

// nearestWord is " (did you mean ...?)", or nothing.
func nearestWord(word string, known []string) string {
	for _, k := range known {
		if strings.EqualFold(k, word) || len(word) > 2 && strings.Contains(strings.ToLower(k), strings.ToLower(word)) {
			return fmt.Sprintf(" (did you mean %s?)", k)
		}
	}
	return ""
}

// read loads who was assigned and what they did.
func (c *campaignReader) read() error {
	event := c.r.Outcome
	if event == outcomeOrders {
		event = ""
	}
	var err error
	c.people, err = c.db.Query(c.ctx, queries.Get("campaign/reading").SQL, sql.Named("campaign", c.r.Campaign), sql.Named("window", c.r.Window), sql.Named("event", event))
	if err != nil {
		return err
	}
	if c.people.Rows() == 0 {
		return nil
	}
	days := c.people.Ints("assigned_day")
	c.out.From, c.out.To = Day(slices.Min(days)), Day(slices.Max(days))+Day(c.r.Window)-1
	c.out.Open = c.out.To > c.out.AsOf
	c.split()
	if c.drawn, err = c.drawnLists(); err != nil {
		return err
	}
	c.ownControls()
	c.out.Warnings = append(c.out.Warnings, c.known.warnings...)
	return c.group()
}

// split makes the arms: treated ones by name, then control.
func (c *campaignReader) split() {
	byName := map[string]*arm{}
	column := c.people.Column("arm")
	for i := range c.people.Rows() {
		name := string(column.Texts.At(i))
		a := byName[name]
		if a == nil {
			a = &arm{name: name}
			byName[name], c.arms = a, append(c.arms, a)
		}
		a.customers = append(a.customers, int32(i))
		if c.people.Ints("arms")[i] > 1 {
			c.twice++
		}
	}
	slices.SortFunc(c.arms, func(a, b *arm) int {
		if (a.name == ControlArm) != (b.name == ControlArm) {
			if a.name == ControlArm {
				return 1
			}
			return -1
		}
		return strings.Compare(a.name, b.name)
	})
	if c.twice > 0 {
		c.warn("assigned_twice", fmt.Sprintf("%d customers were assigned to more than one arm: they count in the arm of their first assignment.", c.twice),
			fmt.Sprintf("有 %d 位客户被分到多个组：按首次分组计。", c.twice))
	}
}

// control is the arm that was not contacted; nil: there is none.
func (c *campaignReader) control() *arm {
	if n := len(c.arms); n > 0 && c.arms[n-1].name == ControlArm {
		return c.arms[n-1]
	}
	return nil
}

// treated are the arms that were contacted.
func (c *campaignReader) treated() []*arm {
	if c.control() != nil {
		return c.arms[:len(c.arms)-1]
	}
	return c.arms
}

// group finds the groups that the customers were in before the campaign.
func (c *campaignReader) group() error {
	c.groups = map[string][]string{}
	scored, err := c.scoredBefore()
	if err != nil {
		return err
	}
	for _, by := range c.r.By {
		switch {
		case by == "acquired_channel" || by == byList:
			c.groups[by] = groupsOf(c.people, by, c.people)
		case attributeOf(by) != "":
			t, err := c.attribute(attributeOf(by))
			if err != nil {
				return err
			}
			c.groups[by] = groupsOf(t, "value", c.people)
		case scored != "":
			t, err := c.db.Query(c.ctx, queries.Get("campaign/scored").SQL, sql.Named("campaign", c.r.Campaign), sql.Named("as_of", scored), sql.Named("column", by))
			if err != nil {
				return err
			}
			c.groups[by] = groupsOf(t, "value", c.people)
		}
	}
	return nil
}

func (c *campaignReader) attribute(name string) (*table.Table, error) {
	pointer := "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	return c.db.Query(c.ctx, queries.Get("campaign/attributes").SQL, sql.Named("campaign", c.r.Campaign), sql.Named("pointer", pointer))
}

// groupsOf reads one group a row, in the order of people; "" where it is not known.
func groupsOf(t *table.Table, column string, people *table.Table) []string {
	known := map[string]string{}
	col := t.Column(column)
	ids := t.Column("customer_id")
	for i := range t.Rows() {
		if !col.Missing(i) {
			known[string(ids.Texts.At(i))] = string(col.Texts.At(i))
		}
	}
	out := make([]string, people.Rows())
	for i := range out {
		out[i] = known[string(people.Column("customer_id").Texts.At(i))]
	}
	return out
}

// scoredBefore is the last run from before the first assignment; "" and a warning
// where there is none.
func (c *campaignReader) scoredBefore() (string, error) {
	runs, err := workspace.Runs(c.Dir)
	if err != nil {
		return "", err
	}
	best := ""
	for _, r := range runs {
		if day, err := ParseDay(r.AsOf); err == nil && day < c.out.From && r.AsOf > best {
			best = r.AsOf
		}
	}
	if best == "" && (slices.Contains(c.r.By, "rfm_segment") || slices.Contains(c.r.By, "rfm_cell")) {
		c.warn("no_run_before", fmt.Sprintf("No run is from before the assignment on %v, so the result is not split by segment: clientele score --as-of %v makes one.", c.out.From, c.out.From-1),
			fmt.Sprintf("分组日 %v 之前没有评分结果，无法按客群拆分：可运行 clientele score --as-of %v。", c.out.From, c.out.From-1))
	}
	return best, nil
}

// numbers reads texts that should be numbers; NaN where they are none.
func numbers(texts []string) (values []float64, missing int) {
	values = make([]float64, len(texts))
	for i, text := range texts {
		v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			v = math.NaN()
			missing++
		}
		values[i] = v
	}
	return values, missing
}
