package main

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"clientele/engine"
	"clientele/engine/table"
)

func newList(a *app) *cobra.Command {
	lang := "en"
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Target lists that were cut: show, export again, cancel, cut anew",
		Long: `List the target lists. A list never changes: it counts until it is cancelled, or until another one
is cut in its place. clientele query reads lists and list_members.`,
		Example: `  clientele list
  clientele list show 2026-05-31-1
  clientele list show 2026-05-31-1 --removed --to who-and-why.xlsx
  clientele list export 2026-05-31-1 --to spring.csv --layout klaviyo
  clientele list cancel 2026-05-31-1 --reason "wrong text"
  clientele list recut 2026-05-31-1 --to spring.csv`,
		Args: args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return a.showLists(lang) },
	}
	all := &cobra.Command{
		Use: "list", Short: "All target lists, as clientele list alone", Example: `  clientele list list --format csv`, Args: args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return a.showLists(lang) },
	}
	for _, c := range []*cobra.Command{cmd, all} {
		c.Flags().Var(&choice{&lang, []string{"en", "zh"}}, "lang", "of the table for people: en or zh")
	}
	cmd.AddCommand(all, newListShow(a), newListExport(a), newListCancel(a), newListRecut(a))
	return cmd
}

func (a *app) showLists(lang string) error {
	e, err := a.open(nil)
	if err != nil {
		return err
	}
	t, err := e.Lists()
	if err != nil {
		return err
	}
	return a.rows(a.worded(t, lang, headsZh()))
}

func newListShow(a *app) *cobra.Command {
	var removed, members bool
	var limit int
	file := engine.ListFile{Lang: "en"}
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "How a list was cut: waterfall, arms, power; who fell and why",
		Long: `Show the waterfall of a list and what it can show, or, with --members, who is on it and in which arm,
or, with --removed, who of the segment is not on it and why. The files of the list are compared
with its manifest first.`,
		Example: `  clientele list show 2026-05-31-1
  clientele list show 2026-05-31-1 --removed --limit 0 --format csv
  clientele list show 2026-05-31-1 --removed --to who-and-why.xlsx --lang zh`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			switch {
			case limit < 0:
				return usageError{fmt.Errorf("--limit %d: is below zero", limit)}
			case removed && members:
				return usageError{errors.New("--removed and --members are two tables: ask for one")}
			case file.To != "" && !removed:
				return usageError{errors.New("--to goes with --removed; clientele list export writes who is to be contacted")}
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			switch id := list[0]; {
			case file.To != "":
				n, err := e.ExportRemoved(cmd.Context(), id, file)
				if err == nil {
					fmt.Fprintf(a.out, inLang(file.Lang, "%d rows in %s.\n", "已写入 %d 行：%s。\n"), n, file.To)
				}
				return err
			case removed, members:
				read := e.ListMembers
				if removed {
					read = e.ListRemoved
				}
				t, err := read(cmd.Context(), id, limit)
				if err != nil {
					return err
				}
				if removed && a.format == "table" { // codes are for programs
					t = engine.RemovedInWords(t, file.Lang)
				}
				return a.rows(t)
			default:
				return a.showList(e, id, file.Lang)
			}
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&removed, "removed", false, "who fell, at which step and why")
	flags.BoolVar(&members, "members", false, "who is on the list, by rank")
	flags.IntVar(&limit, "limit", 20, "rows at most; 0: all")
	flags.StringVar(&file.To, "to", "", "with --removed: write everybody who fell to a `FILE`, .csv or .xlsx")
	flags.Var(&choice{&file.Lang, []string{"en", "zh"}}, "lang", "en or zh")
	return cmd
}

// showList prints the manifest of a list.
func (a *app) showList(e *engine.Engine, id, lang string) error {
	l, err := e.List(id)
	if err != nil {
		return err
	}
	if err := e.VerifyList(l); err != nil {
		return err
	}
	if a.format == "json" {
		return writeJSON(a.out, struct {
			engine.Cutting
			Cancelled any `json:"cancelled"`
		}{engine.Cutting{Manifest: l.Manifest}, l.Cancelled})
	}
	c := engine.Cutting{Manifest: l.Manifest}
	if a.format == "csv" {
		return a.rows(waterfall(c, lang, a.format))
	}
	if err := a.rows(facts(c, lang)); err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	if err := a.rows(waterfall(c, lang, a.format)); err != nil {
		return err
	}
	for _, n := range l.Notes {
		fmt.Fprintln(a.out, inLang(lang, n.En, n.Zh))
	}
	if l.Cancelled != nil {
		fmt.Fprintf(a.out, inLang(lang, "Cancelled: %s.\n", "已取消：%s。\n"), l.Cancelled.Reason)
	}
	return nil
}

// facts are what a list was cut from, as rows.
func facts(c engine.Cutting, lang string) *table.Table {
	what, value := &table.Column{Field: table.Field{Name: inLang(lang, "what", "项目"), Kind: table.Text}}, &table.Column{Field: table.Field{Name: inLang(lang, "value", "内容"), Kind: table.Text}}
	segment := c.Segment
	if c.Scheme != "" {
		segment = c.Scheme + "/" + c.Segment
	}
	for _, row := range [][3]string{
		{"list", "名单", c.ID}, {"segment", "客群", segment}, {"rule", "规则", c.Rule}, {"run as of", "评分日期", c.AsOf}, {"counts from", "生效日期", c.On},
		{"cut on", "生成时间", c.CutAt}, {"channel", "渠道", c.Channel}, {"campaign", "活动", c.Campaign}, {"treatment", "实验组名称", c.Arm}, {"ranked by", "排序依据", rankOf(c, lang)},
		{"limit", "数量上限", limitOf(c, lang)}, {"budget", "预算", c.Budget}, {"cost of one contact", "单次触达成本", c.CostPerContact},
		{"control group meant", "对照组设定比例", percent(lang, c.Share)},
		{"the same share within each", "分层依据", strings.Join(c.Stratified, ", ")},
		{"treated", "实验组人数", fmt.Sprint(c.Treated)}, {"kept back", "对照组人数", keptOf(c, lang)},
		{"universal control group", "全局对照组", universalOf(c, lang)}, {"in the place of", "取代名单", c.Replaces},
	} {
		if row[2] != "" {
			what.Texts.AppendString(inLang(lang, row[0], row[1]))
			value.Texts.AppendString(row[2])
		}
	}
	return table.New(what, value)
}

// rankOf is what the list is ranked by, with the columns that its own words are of.
func rankOf(c engine.Cutting, lang string) string {
	of := map[string]string{"value": "clv", "risk": "churn_risk x clv"}[strings.TrimPrefix(c.Rank, "-")]
	if of == "" {
		return c.Rank
	}
	return fmt.Sprintf(inLang(lang, "%s (%s)", "%s（%s）"), c.Rank, of)
}

// limitOf is how many may be treated: by a limit, by a budget, or all.
func limitOf(c engine.Cutting, lang string) string {
	if c.Limit == 0 {
		return inLang(lang, "none", "不限")
	}
	return fmt.Sprint(c.Limit)
}

// percent is a share in words.
func percent(lang string, share float64) string {
	return fmt.Sprintf(inLang(lang, "%.4g %%", "%.4g%%"), math.Round(1e4*share)/100)
}

// keptOf is how many were kept back, and what part of the list they are.
func keptOf(c engine.Cutting, lang string) string {
	if c.Kept == 0 {
		return "0"
	}
	return fmt.Sprintf(inLang(lang, "%d (%s)", "%d（%s）"), c.Kept, percent(lang, float64(c.Kept)/float64(c.Treated+c.Kept)))
}

// universalOf is the part that the universal control group took, beside its share.
func universalOf(c engine.Cutting, lang string) string {
	switch h := c.Held; {
	case c.Rules.Universal == 0:
		return inLang(lang, "none", "未设")
	case h == nil || h.Looked == 0:
		return fmt.Sprintf(inLang(lang, "meant %s", "设定 %s"), percent(lang, c.Rules.Universal))
	default:
		return fmt.Sprintf(inLang(lang, "%d of %d (%s), meant %s", "%d / %d（%s），设定 %s"), h.All(), h.Looked, percent(lang, float64(h.All())/float64(h.Looked)), percent(lang, c.Rules.Universal))
	}
}

func newListExport(a *app) *cobra.Command {
	var file engine.ListFile
	cmd := &cobra.Command{
		Use:   "export ID --to FILE",
		Short: "Write the file of a list again, without whom one may not contact any more",
		Long: `Write the treated customers of a list to a file, in another layout or with other columns. The list
stays as it was cut. Who unsubscribed, complained or withdrew consent since, who stands in a
suppression file now, who is in a segment of contact.exclude in the current run, who turned out to be
of a control group, and who cannot be reached any more is left out of the file.

` + layoutsHelp,
		Example: `  clientele list export 2026-05-31-1 --to spring.csv --layout sendgrid
  clientele list export 2026-05-31-1 --to spring.xlsx --columns customer_id,name,phone,rfm_segment --lang zh`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if err := given(cmd.Flags()); err != nil {
				return err
			}
			if file.To == "" {
				return usageError{errors.New("--to FILE is needed: see clientele list export --help")}
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			done, err := e.ExportList(cmd.Context(), list[0], file)
			if err != nil {
				return err
			}
			if a.format == "json" {
				return writeJSON(a.out, done)
			}
			c := engine.Cutting{}
			c.Steps = done.Steps
			if err := a.rows(waterfall(c, file.Lang, a.format)); err != nil || a.format == "csv" {
				return err
			}
			for _, n := range done.Notes {
				fmt.Fprintln(a.out, inLang(file.Lang, n.En, n.Zh))
			}
			_, err = fmt.Fprintf(a.out, inLang(file.Lang, "%d rows in %s.\n", "已写入 %d 行：%s。\n"), done.Written, done.File)
			return err
		},
	}
	fileFlags(cmd, &file)
	return cmd
}

func newListCancel(a *app) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "cancel ID",
		Short: "Say that a list does not count: nobody was contacted by it",
		Long: `Cancel a list: its members are not assigned to its campaign any more, and it is no contact for the
frequency caps. Its folder stays, and its number is not given again. A list that was sent out cannot
be cancelled: its customers stay assigned.`,
		Example: `  clientele list cancel 2026-05-31-1 --reason "wrong text"`,
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			l, err := e.CancelList(cmd.Context(), list[0], reason)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "List %s is cancelled: %d treated, %d kept back.\n", l.ID, l.Treated, l.Kept)
			return err
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}

func newListRecut(a *app) *cobra.Command {
	var cut engine.Cut
	cmd := &cobra.Command{
		Use:   "recut ID --to FILE",
		Short: "Cut a list anew on the current run, in the place of the old one",
		Long: `Cut a list with the settings that it was cut with, on the current run and with today's contact
rules. Customers who are on both keep their arms. The old list is cancelled at the same instant.
A list that was sent out cannot be cut anew: its customers stay assigned.`,
		Example: `  clientele list recut 2026-05-31-1 --to spring.csv
  clientele list recut 2026-05-31-1 --dry-run`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if err := given(cmd.Flags()); err != nil {
				return err
			}
			if cut.File.To == "" && !cut.DryRun {
				return usageError{errors.New("--to FILE is needed, or --dry-run: see clientele list recut --help")}
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			done, err := e.RecutList(cmd.Context(), list[0], cut, a.announce(cut.File.Lang))
			return a.cutDone(done, cut.File.Lang, err)
		},
	}
	flags := cmd.Flags()
	flags.Var(&day{&cut.On, nil}, "on", "`DAY` from which the list counts, YYYY-MM-DD (default the day after the run's)")
	flags.BoolVar(&cut.DryRun, "dry-run", false, "say what the list would be, and cut nothing")
	runFlag(cmd, &cut.AsOf)
	fileFlags(cmd, &cut.File)
	return cmd
}
