package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"clientele/engine"
	"clientele/engine/table"
)

func newSurvival(a *app) *cobra.Command {
	s := engine.Surviving{Discount: math.NaN()}
	s.Ties = "efron"
	lang := "en"
	var at []string
	var discount, level, only string
	cmd := &cobra.Command{
		Use:   "survival [FILE]",
		Short: "How long customers with contracts stay: curves, comparisons, what drives it, forecasts",
		Long: `For businesses that see when a customer leaves: contracts, subscriptions, memberships. Each row
of FILE, or of the query of --sql, is one customer: how long it has been one (--time) and whether
it has left (--event). Those who are still there count for as long as they were watched.

It prints the share still there after each time (Kaplan-Meier, with intervals), medians, and means
within the time that all groups were watched; with --by a comparison of groups (log-rank test);
with --cox what makes customers leave sooner (Cox regression: texts are categories, of which the
first is the reference), and a test of its assumption; with --sbg the model of Fader and Hardie
for contracts with renewals, which forecasts beyond the data, times being numbers of renewals.
Doubts stand beside the results. Rows without a needed value are left out and counted.

FILE is of any format that ingest reads, and needs no workspace; columns go by their names in it,
in any language. Tables: ` + strings.Join(engine.SurvivalSections(), ", ") + `.`,
		Example: `  clientele survival telco.csv --time tenure --event Churn=Yes --by Contract --at 12,24,48
  clientele survival telco.csv --time tenure --event Churn=Yes --cox Contract,MonthlyCharges,SeniorCitizen
  clientele survival telco.csv --time tenure --event Churn=Yes --cox Contract --profile "Contract=One year" --at 12
  clientele survival 会员.csv --time 在会月数 --event 是否流失=是 --by 会员等级 --lang zh
  clientele survival plans.parquet --time renewals --event left --sbg --at 1,6,12,24 --discount 0.01
  clientele survival telco.csv --time tenure --event Churn=Yes --only curve --format csv > curve.csv
  clientele survival --sql "SELECT recency_days AS days, recency_days > 180 AS gone, rfm_segment FROM scores" --time days --event gone`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if len(list) > 0 {
				s.Path = list[0]
			}
			if err := checkSurvival(s, at, discount, level, only, &s); err != nil {
				return usageError{fmt.Errorf("%w: see clientele survival --help", err)}
			}
			if a.format == "csv" && only == "" {
				return usageError{fmt.Errorf("several tables are no CSV: name one with --only: %s", strings.Join(engine.SurvivalSections(), ", "))}
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			out, err := e.Survival(cmd.Context(), s)
			if err != nil {
				return err
			}
			return a.survived(out, only, lang, len(s.At) > 0)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.SQL, "sql", "", "read-only `SQL` over the workspace instead of a file")
	f.StringVar(&s.Time, "time", "", "`COLUMN`: how long the customer has been one, in any unit")
	f.StringVar(&s.Event, "event", "", "`COLUMN` of 1/0, true/false, yes/no or 是/否, or COLUMN=VALUE: who has left")
	f.StringVar(&s.By, "by", "", "`COLUMN` of groups to compare")
	f.StringVar(&s.Weight, "weight", "", "`COLUMN`: how many customers a row stands for (default one)")
	f.StringSliceVar(&s.Cox, "cox", nil, "`COLUMNS` that may explain who leaves sooner, separated by commas")
	f.Var(&choice{&s.Ties, []string{"efron", "breslow"}}, "ties", "of the regression: efron or breslow")
	f.StringArrayVar(&s.Profiles, "profile", nil, "`COLUMN=VALUE,...` of a customer whose survival the regression predicts; may be repeated")
	f.StringSliceVar(&at, "at", nil, "`TIMES` to show, separated by commas (default all; on a terminal a dozen)")
	f.BoolVar(&s.SBG, "sbg", false, "fit the shifted-beta-geometric model; times are whole numbers of renewals")
	f.StringVar(&discount, "discount", "", "with --sbg: `RATE` per renewal, such as 0.01, for the payments still to come from a customer")
	f.StringVar(&level, "level", "", "of intervals (default 0.95)")
	f.StringVar(&only, "only", "", "print one `TABLE` only: "+strings.Join(engine.SurvivalSections(), ", "))
	f.Var(&choice{&lang, []string{"en", "zh"}}, "lang", "of tables for people and of doubts: en or zh; JSON and CSV keep the names of columns")
	f.StringVar(&s.Read.Format, "input-format", "", "csv, tsv, json, jsonl, parquet, xlsx (default found out)")
	f.StringVar(&s.Read.Encoding, "encoding", "", "utf-8, gb18030, utf-16 ... (default found out)")
	f.StringVar(&s.Read.Delimiter, "delimiter", "", "one character, or tab (default found out)")
	f.StringVar(&s.Read.Sheet, "sheet", "", "of a workbook: its `NAME` or number (default the first with a table)")
	return cmd
}

// checkSurvival finds mistakes in the words of the command and reads its numbers into s.
func checkSurvival(given engine.Surviving, at []string, discount, level, only string, s *engine.Surviving) error {
	switch {
	case given.Path == "" && given.SQL == "":
		return errors.New("a FILE or --sql is missing")
	case given.Path != "" && given.SQL != "":
		return errors.New("FILE and --sql exclude each other")
	case given.Time == "":
		return errors.New("--time is missing")
	case given.Event == "":
		return errors.New("--event is missing")
	case len(given.Profiles) > 0 && len(given.Cox) == 0:
		return errors.New("--profile needs --cox")
	case discount != "" && !given.SBG:
		return errors.New("--discount needs --sbg")
	case only != "" && !slices.Contains(engine.SurvivalSections(), only):
		return fmt.Errorf("--only %q: not %s", only, strings.Join(engine.SurvivalSections(), ", "))
	}
	for _, text := range at {
		v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || !(v >= 0) || math.IsInf(v, 0) {
			return fmt.Errorf("--at %q: not a time, which is a number from 0 on", text)
		}
		s.At = append(s.At, v)
	}
	for _, n := range []struct {
		flag, text string
		to         *float64
		good       func(float64) bool
		what       string
	}{
		{"discount", discount, &s.Discount, func(v float64) bool { return v >= 0 && v <= 10 }, "a rate per renewal such as 0.01"},
		{"level", level, &s.Level, func(v float64) bool { return v > 0 && v < 1 }, "a share such as 0.95"},
	} {
		if n.text == "" {
			continue
		}
		v, err := strconv.ParseFloat(n.text, 64)
		if err != nil || !n.good(v) {
			return fmt.Errorf("--%s %q: not %s", n.flag, n.text, n.what)
		}
		*n.to = v
	}
	return nil
}

// survived prints the tables of an analysis and what is doubtful about it.
func (a *app) survived(out *engine.Survived, only, lang string, chosen bool) error {
	sections := out.Sections()
	if only != "" {
		sections = slices.DeleteFunc(sections, func(s engine.Section) bool { return s.Title != only })
		if len(sections) == 0 {
			return usageError{fmt.Errorf("--only %s: that table was not asked for, or there is nothing in it: see clientele survival --help", only)}
		}
	}
	switch {
	case only != "" && a.format != "table":
		if err := a.rows(sections[0].Table); err != nil {
			return err
		}
	case a.format == "json":
		return writeSections(a.out, sections)
	default:
		if err := a.survivalTables(sections, lang, chosen || only != ""); err != nil {
			return err
		}
	}
	if a.format == "table" && only == "" {
		return nil // they stand below the tables
	}
	for _, w := range out.Warnings {
		a.remark("%s: %s", w.About, inLanguage(lang, w.En, w.Zh))
	}
	return nil
}

func inLanguage(lang, en, zh string) string {
	if lang == "zh" {
		return zh
	}
	return en
}

// dozen is how many rows of a group a terminal shows of long tables.
const dozen = 12

// survivalTables prints tables for people, each under a heading; of long ones a
// dozen rows of each group unless all were asked for.
func (a *app) survivalTables(sections []engine.Section, lang string, all bool) error {
	for i, s := range sections {
		if s.Table.Rows() == 0 {
			continue
		}
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		t, heading := s.Table, survivalHeading(s.Title, lang)
		if s.Title == "warnings" {
			fmt.Fprintln(a.out, heading)
			column := t.Column(lang)
			for row := range t.Rows() {
				about := string(t.Column("about").Texts.At(row))
				if term, ok := survivalTerms()[about]; ok && lang == "zh" {
					about = term
				}
				fmt.Fprintf(a.out, inLanguage(lang, "  %s: %s\n", "  %s：%s\n"), about, column.Texts.At(row))
			}
			continue
		}
		if long := s.Title == "curve" || s.Title == "renewals"; long && !all {
			if t = some(t, dozen); t.Rows() < s.Table.Rows() {
				heading = strings.TrimRight(heading, ":：") + inLanguage(lang,
					fmt.Sprintf(" (%d of %d rows; --at shows others, --only %s all):", t.Rows(), s.Table.Rows(), s.Title),
					fmt.Sprintf("（共 %[2]d 行，显示 %[1]d 行；--at 指定时点，--only %[3]s 显示全部）：", t.Rows(), s.Table.Rows(), s.Title))
			}
		}
		fmt.Fprintln(a.out, heading)
		if lang == "zh" {
			t = survivalChinese(t)
		}
		if err := a.rows(t); err != nil {
			return err
		}
	}
	return nil
}

// survivalHeading is what stands above a table.
func survivalHeading(section, lang string) string {
	headings := map[string][2]string{
		"groups":   {"Customers, and how long they stay:", "客户及其留存时间："},
		"curve":    {"Share still there after each time:", "各时点的留存比例："},
		"effects":  {"What makes customers leave sooner (hazard ratio above 1) or later (below 1):", "哪些因素使客户更早（风险比大于 1）或更晚（小于 1）流失："},
		"cox":      {"The regression:", "回归概况："},
		"profiles": {"Predicted share still there:", "预测的留存比例："},
		"tests":    {"Tests:", "检验："},
		"sbg":      {"Shifted-beta-geometric model:", "移位贝塔几何模型 (sBG)："},
		"renewals": {"Renewals, seen and by the model:", "续约：实际与模型："},
		"warnings": {"What to keep in mind:", "请注意："},
	}
	h := headings[section]
	return inLanguage(lang, h[0], h[1])
}

// some returns about n rows of each group, evenly over its rows, with the first
// and the last. The first column is the group.
func some(t *table.Table, n int) *table.Table {
	group := t.Columns()[0]
	var rows []int
	for from := 0; from < t.Rows(); {
		to := from
		for to < t.Rows() && string(group.Texts.At(to)) == string(group.Texts.At(from)) {
			to++
		}
		count := min(n, to-from)
		for k := range count {
			rows = append(rows, from+k*(to-from-1)/max(count-1, 1))
		}
		from = to
	}
	var columns []*table.Column
	for _, c := range t.Columns() {
		out := &table.Column{Field: c.Field, Texts: table.Strings{Offsets: []int32{0}}}
		for _, row := range rows {
			switch c.Kind {
			case table.Text:
				out.Texts.Append(c.Texts.At(row))
			case table.Float:
				out.Floats = append(out.Floats, c.Floats[row])
			case table.Int:
				out.Ints = append(out.Ints, c.Ints[row])
			}
		}
		columns = append(columns, out)
	}
	return table.New(columns...)
}
