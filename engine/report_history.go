package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"

	"clientele/engine/config"
	"clientele/engine/list"
	"clientele/engine/report"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/models"
	"clientele/models/cluster"
)

// What the report shows of the history of the workspace.
const (
	shownDays      = 365 // how far back campaigns and lists are shown
	shownCampaigns = 6
	shownLists     = 6
	flowRuns       = 4  // days that segments are followed over, at most
	flowDays       = 28 // between two of them, at least, where there are such runs
)

// reportHistory adds what earlier runs, target lists and campaigns say up to the day:
// they are inputs of the report like facts, and r.shown names them. A run or a list
// of a later day changes nothing. It comes last, since scores are then all runs'.
func (r *run) reportHistory(folder *workspace.RunDir, meta *report.Meta) error {
	meta.OwnWords, meta.ClusterWords = r.ownWords(), r.clusterWords()
	runs, err := r.earlierRuns()
	if err != nil {
		return err
	}
	if meta.Flows, err = r.reportFlows(runs, folder); err != nil {
		return fmt.Errorf("flows: %w", err)
	}
	lists, err := r.listsUntil()
	if err != nil {
		return err
	}
	meta.Lists, meta.MoreLists = reportLists(lists, r.asOf)
	if err := r.reportCampaigns(runs, lists, meta); err != nil {
		return err
	}
	slices.SortFunc(r.shown, func(a, b workspace.Shown) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
	r.shown = slices.Compact(r.shown)
	return nil
}

// shownHash is the hash of the inputs and of what else the report shows.
func shownHash(input string, shown []workspace.Shown) string {
	if len(shown) == 0 {
		return input
	}
	h := sha256.New()
	fmt.Fprintln(h, input)
	for _, s := range shown {
		fmt.Fprintln(h, s.Kind, s.Name, s.SHA256)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// shows notes that the report shows a file of an earlier run.
func (r *run) shows(run workspace.Run, name string) {
	for _, f := range run.Manifest.Files {
		if f.Name == name {
			r.shown = append(r.shown, workspace.Shown{Kind: "run", Name: run.AsOf + " " + name, SHA256: f.SHA256})
		}
	}
}

func (r *run) ownWords() []report.Described {
	out := make([]report.Described, len(r.own))
	for i, o := range r.own {
		rule := o.rule.String()
		out[i] = report.Described{Label: report.Label{Key: o.Name, Text: report.Text{En: o.Name, Zh: o.Name}}, About: report.Text{En: rule, Zh: rule}}
	}
	return out
}

func (r *run) clusterWords() []report.Described {
	f, ok := r.fitted[cluster.Name].(*cluster.Fitted)
	if !ok {
		return nil
	}
	var out []report.Described
	for _, c := range f.Clusters {
		out = append(out, report.Described{Label: report.Label{Key: c.Name.En, Text: report.Text(c.Name)}, About: report.Text(c.About)})
	}
	return out
}

// earlierRuns are the published runs of days before this one, in their order.
func (r *run) earlierRuns() ([]workspace.Run, error) {
	all, err := workspace.Runs(r.Dir)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(x workspace.Run) bool { return x.AsOf >= r.asOf.String() }), nil
}

// spread picks from earlier runs, which are in the order of their days, those that
// segments are followed from: going back from the day, each time the last run that is
// at least flowDays older, else the first of all.
func spread(runs []workspace.Run, day Day) []workspace.Run {
	var out []workspace.Run
	for len(runs) > 0 && len(out) < flowRuns-1 {
		at := len(runs) - 1
		for at > 0 && runs[at].AsOf > (day-flowDays).String() {
			at--
		}
		out = append(out, runs[at])
		day, _ = ParseDay(runs[at].AsOf)
		runs = runs[:at]
	}
	slices.Reverse(out)
	return out
}

// reportFlows follows the stages of life over several runs, and the segments of the
// configured scheme from the last of them.
func (r *run) reportFlows(runs []workspace.Run, folder *workspace.RunDir) ([]report.Flow, error) {
	now := workspace.Run{AsOf: r.asOf.String(), Dir: folder.Dir, Manifest: workspace.Manifest{Settings: config.Settings(r.Config)}}
	runs = spread(runs, r.asOf)
	list := r.reportSchemes(runs)
	flows, err := r.followFlows(list, runs, now)
	if err != nil {
		return nil, err
	}
	h := &historian{Engine: r.Engine, ctx: r.ctx, db: r.db}
	var out []report.Flow
	for k, f := range flows {
		changed, err := h.alike(f.Scheme, runs[list[k].runs[len(list[k].runs)-1]], now)
		if err != nil {
			return nil, err
		}
		if flow := reportFlow(f); len(flow.Nodes) > 0 {
			flow.Warnings = reportWarnings(append(f.Warnings, changed...))
			out = append(out, flow)
		}
	}
	return out, nil
}

// reportSchemes are those that the report follows over earlier runs.
func (r *run) reportSchemes(runs []workspace.Run) []followed {
	var out []followed
	for _, f := range []followed{{scheme: "lifecycle", column: "lifecycle_stage"}, {scheme: "rfm " + r.Config.RFM.Scheme, column: "rfm_segment"}} {
		for i, x := range runs {
			if sameScheme(f.scheme, x) {
				f.runs = append(f.runs, i)
			}
		}
		if f.column == "rfm_segment" && len(f.runs) > 1 {
			f.runs = f.runs[len(f.runs)-1:]
		}
		if len(f.runs) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// followFlows follows schemes over earlier runs. Where these are not as runs of this
// version are, or take too much memory, they are read by queries. Which of the two it was
// does not show.
func (r *run) followFlows(list []followed, runs []workspace.Run, now workspace.Run) ([]*Flows, error) {
	for _, f := range list {
		for _, at := range f.runs {
			r.shows(runs[at], "scores.parquet")
			r.shows(runs[at], "segment_members.parquet")
		}
	}
	if len(list) > 0 && r.fits() {
		out, err := r.trace(&historian{Engine: r.Engine, ctx: r.ctx, db: r.db}, list, runs, now, r.table)
		if err == nil || ended(r.ctx) != nil {
			return out, err
		}
	}
	var out []*Flows
	for _, f := range list {
		var kept []workspace.Run
		for _, at := range f.runs {
			kept = append(kept, runs[at])
		}
		flows, err := r.flows(r.ctx, r.db, f.scheme, append(kept, now))
		if err != nil {
			return nil, err
		}
		out = append(out, flows)
	}
	return out, nil
}

// fits reports whether two runs with as many customers, as far as they are followed, fit
// into Go's share of the memory beside the one under way.
func (r *run) fits() bool {
	n := r.table.Rows()
	const columns = 32 // bytes for each customer beside the id, with what growing takes
	need := 4*int64(len(r.table.Column("customer_id").Texts.Bytes)) + columns*int64(n)
	return need <= r.scoredShare(n)-restBytes-scoredBytes*int64(n)
}

// sameScheme reports whether an earlier run has segments of the scheme.
func sameScheme(scheme string, run workspace.Run) bool {
	name, ok := strings.CutPrefix(scheme, "rfm ")
	return !ok || run.Manifest.Settings["rfm.scheme"] == name
}

// reportFlow is a flow with the customers who had no order yet as one place, which
// comes first, and those who are not scored any more as another, which comes last.
func reportFlow(f *Flows) report.Flow {
	out := report.Flow{Scheme: f.Scheme, Nodes: []report.Node{{Label: report.Label{Key: NodeNew, Text: report.Text{En: "first order since", Zh: "新下单客户"}}, Outside: true}}}
	place := map[string]int{}
	for _, n := range f.Nodes {
		if isOutside(n.Key) {
			continue
		}
		place[n.Key] = len(out.Nodes)
		out.Nodes = append(out.Nodes, report.Node{Label: report.Label{Key: n.Key, Text: report.Text{En: n.En, Zh: n.Zh}}})
	}
	if len(place) == 0 {
		return report.Flow{}
	}
	gone := len(out.Nodes)
	out.Nodes = append(out.Nodes, report.Node{Label: report.Label{Key: NodeGone, Text: report.Text{En: "not scored any more", Zh: "不再评分"}}, Outside: true})
	for _, d := range f.Days {
		out.Days = append(out.Days, int32(d))
	}
	for _, step := range f.Steps {
		sums := map[[2]int]int64{}
		for _, m := range step {
			from, to := 0, gone
			if at, inside := place[m.From]; inside {
				from = at
			}
			if at, inside := place[m.To]; inside {
				to = at
			}
			if from != 0 || to != gone {
				sums[[2]int{from, to}] += m.Customers
			}
		}
		var links []report.Link
		for at, n := range sums {
			links = append(links, report.Link{From: at[0], To: at[1], Customers: n})
		}
		slices.SortFunc(links, func(a, b report.Link) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
		out.Steps = append(out.Steps, links)
	}
	return out
}

// isOutside tells the places without a segment, and the stage of those who never ordered.
func isOutside(key string) bool {
	return key == "prospect" || slices.ContainsFunc(outside(), func(n Node) bool { return n.Key == key })
}

// listsUntil are the lists that count on or before the day, as they stood then but for
// cancellations, which say that a list never counted. One that a list of a later day
// replaces still counts.
func (r *run) listsUntil() ([]list.List, error) {
	all, err := list.All(r.lists())
	if err != nil {
		return nil, err
	}
	var out []list.List
	for _, l := range all {
		if dayNumber(l.On) > int32(r.asOf) {
			continue
		}
		if l.Cancelled != nil && l.Cancelled.At == "" { // replaced
			by := slices.IndexFunc(all, func(x list.List) bool { return x.Replaces == l.ID })
			if by >= 0 && dayNumber(all[by].On) > int32(r.asOf) {
				l.Cancelled = nil
			}
		}
		out = append(out, l)
		state := jsonText(l.Manifest)
		if l.Cancelled != nil {
			state += " cancelled"
		}
		sum := sha256.Sum256([]byte(state))
		r.shown = append(r.shown, workspace.Shown{Kind: "list", Name: l.ID, SHA256: hex.EncodeToString(sum[:])})
	}
	return out, nil
}

// reportLists are the latest lists of the last year, and how many more there are.
func reportLists(lists []list.List, day Day) (out []report.List, more int) {
	for _, l := range slices.Backward(lists) {
		if l.Cancelled != nil {
			continue
		}
		if dayNumber(l.On) <= int32(day)-shownDays || len(out) == shownLists {
			more++
			continue
		}
		out = append(out, reportList(l))
	}
	slices.SortStableFunc(out, func(a, b report.List) int { return cmp.Compare(b.On, a.On) })
	return out, more
}

func reportList(l list.List) report.List {
	out := report.List{ID: l.ID, AsOf: dayNumber(l.AsOf), On: dayNumber(l.On), Segment: l.Segment, Rule: l.Rule, Channel: l.Channel,
		Campaign: l.Campaign, Treated: l.Treated, Control: l.Kept, Smallest: math.NaN(), Base: math.NaN()}
	for _, s := range l.Steps {
		out.Steps = append(out.Steps, report.Step{Text: report.Text{En: s.En, Zh: s.Zh}, Fell: s.Fell, Left: s.Left})
	}
	if l.Power != nil {
		out.Smallest, out.Base, out.Window = l.Power.Smallest, l.Power.Base, l.Power.Window
		out.BaseFrom, out.BaseDay = l.Power.Source, dayNumber(l.Power.Day)
	}
	return out
}

// reportCampaigns reads the results of the last year's campaigns over the lists and
// the runs up to the day.
func (r *run) reportCampaigns(runs []workspace.Run, lists []list.List, meta *report.Meta) error {
	if err := viewFiles(r.ctx, r.db, "scores", runs); err != nil {
		return err
	}
	if err := viewGiven(r.ctx, r.db, lists); err != nil {
		return err
	}
	results, err := r.campaignResults(r.ctx, r.db, r.asOf, r.asOf-shownDays, shownCampaigns)
	if err != nil {
		return err
	}
	meta.MoreCampaigns, meta.Unassigned = results.more, results.unassigned
	for _, c := range results.list {
		meta.Campaigns = append(meta.Campaigns, reportCampaign(c))
		for _, x := range slices.Backward(runs) {
			if x.AsOf < c.From.String() {
				r.shows(x, "scores.parquet")
				break
			}
		}
	}
	if len(results.list) > 0 {
		sum := sha256.Sum256([]byte(jsonText(r.Config.Campaigns)))
		r.shown = append(r.shown, workspace.Shown{Kind: "settings", Name: "campaigns", SHA256: hex.EncodeToString(sum[:])})
	}
	return nil
}

func reportCampaign(c *CampaignResult) report.Campaign {
	out := report.Campaign{ID: c.ID, Name: c.Name, Channel: c.Channel, From: int32(c.From), To: int32(c.To), Window: c.Window, Outcome: c.Outcome, Open: c.Open,
		Verdict: reportWarnings([]models.Warning{c.Verdict})[0], Warnings: reportWarnings(c.Warnings)}
	each(c, "funnel", func(x reportRow) {
		out.Funnel = append(out.Funnel, report.FunnelRow{Arm: x.text("arm"), Step: x.text("step"), Customers: x.count("customers"), Events: x.count("events"),
			OfAssigned: x.number("of_assigned"), OfDelivered: x.number("of_delivered")})
	})
	each(c, "arms", func(x reportRow) {
		out.Arms = append(out.Arms, report.Arm{Name: x.text("arm"), Customers: x.count("customers"), Responded: x.count("responded"),
			Rate: x.span("rate", "rate_low", "rate_high"), Spend: x.number("spend_mean")})
	})
	each(c, "lift", func(x reportRow) {
		out.Effects = append(out.Effects, report.Effect{Arm: x.text("arm"), Metric: x.text("metric"), Method: x.text("method"),
			Difference: x.span("difference", "low", "high"), P: x.number("p")})
	})
	each(c, "money", func(x reportRow) {
		out.Money = append(out.Money, report.MoneyRow{Arm: x.text("arm"), Figure: x.text("figure"), Value: x.span("value", "low", "high")})
	})
	each(c, "groups", func(x reportRow) {
		out.Groups = append(out.Groups, report.GroupEffect{By: x.text("by"), Group: x.text("group"), Arm: x.text("arm"), Treated: x.count("treated"), Control: x.count("control"),
			Rate: x.span("difference", "low", "high"), Spend: x.span("spend_difference", "spend_low", "spend_high"), P: x.number("p_bh")})
	})
	return out
}

// reportRow is a row of a section of a result.
type reportRow struct {
	t *table.Table
	i int
}

// each goes through the rows of a section, where it is there.
func each(c *CampaignResult, section string, fn func(reportRow)) {
	t := c.Section(section)
	if t == nil {
		return
	}
	for i := range t.Rows() {
		fn(reportRow{t, i})
	}
}

func (x reportRow) text(name string) string {
	c := x.t.Column(name)
	if c.Missing(x.i) {
		return ""
	}
	return string(c.Texts.At(x.i))
}

func (x reportRow) count(name string) int64 {
	c := x.t.Column(name)
	if c.Missing(x.i) {
		return 0
	}
	return c.Ints[x.i]
}

func (x reportRow) number(name string) float64 { return floatAt(x.t, name, x.i) }

func (x reportRow) span(mean, low, high string) report.Range {
	return report.Range{Mean: x.number(mean), Low: x.number(low), High: x.number(high)}
}
