package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"clientele/engine"
	"clientele/engine/table"
)

func newModels(a *app) *cobra.Command {
	var asOf, compare, section string
	lang := "en"
	cmd := &cobra.Command{
		Use:   "models [--compare [DATE[,DATE]]]",
		Short: "The models of a run with their estimates and doubts, and how they moved between two runs",
		Long: `List the models of a run: how each was fitted, its estimates with their standard errors, and the
doubts about it. The files model.NAME.json of a run hold them for other programs and for
clientele score --model.

--compare sets two runs beside each other: the two latest, DATE and the latest other one, or both
days named. Its sections:
  fits        how the fits went, and as of which days
  parameters  estimates, their change, and two standard errors of it, for a parameter that has not moved:
              se_same_customers where the newer facts are the older ones with days added, as between
              two runs of one shop; se_other_customers where the runs have no customer in common.
              Within its error: below two of the first. Moved: from two of the second on, far from four.
              In between, nobody can tell. Churn scores learn from recent windows only, which two
              runs share in part: they have the second error alone, which is too wide
  likelihood  what the models of both runs say of the same customers, those of the newer run's day, as
              the store has them now: gain is what the newer fit gains in log-likelihood, gain_by_chance
              what it would stay below 95 times in 100 were the older model the truth. Log-likelihoods
              of two days, or means of them, cannot be compared: by the later one everybody has had
              more time to buy
  stability   population stability index (PSI) of what models go by and of what they say, by deciles of
              the older run with equal values kept together; below 0.1 stable, to 0.25 some change,
              from 0.25 on a large one. psi_by_chance is what two samples of one distribution stay
              below 95 times in 100. Classes that one run leaves empty count half a customer there.
              Where few customers are new, recency and tenure move with the calendar, and scores with them
  classes     the classes that the index is made of (with --section or --format json)

Tables are in the language of --lang; CSV and JSON have both.`,
		Example: `  clientele models
  clientele models --as-of 2026-06-30 --section parameters --format csv
  clientele models --compare
  clientele models --compare --section likelihood --lang zh
  clientele models --compare 2026-03-31,2026-06-30 --format json`,
		Args: args(cobra.MaximumNArgs(2)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if !cmd.Flags().Changed("compare") {
				if len(list) > 0 {
					return usageError{fmt.Errorf("%q: days stand after --compare; --as-of DATE lists one run", list[0])}
				}
				return a.listModels(cmd, asOf, section, lang)
			}
			if cmd.Flags().Changed("as-of") {
				return usageError{errors.New("--compare and --as-of exclude each other: see clientele models --help")}
			}
			days, err := comparedDays(append([]string{compare}, list...))
			if err != nil {
				return err
			}
			return a.compareModels(cmd, days, section, lang)
		},
	}
	runFlag(cmd, &asOf)
	f := cmd.Flags()
	f.StringVar(&compare, "compare", "", "compare two runs: `DATE[,DATE]`, or nothing for the two latest")
	f.Lookup("compare").NoOptDefVal = latestTwo
	f.StringVar(&section, "section", "", "print one section: models, parameters or warnings; of a comparison fits, parameters, likelihood, stability or classes")
	f.Var(&choice{&lang, []string{"en", "zh"}}, "lang", "of headings, readings and doubts: en or zh")
	return cmd
}

// latestTwo is --compare without a day.
const latestTwo = "latest"

// comparedDays are the days of --compare: a flag that may stand without a value
// leaves one that is set apart by a space to the words of the command.
func comparedDays(words []string) ([]string, error) {
	var days []string
	for _, word := range words {
		for part := range strings.SplitSeq(word, ",") {
			if part == latestTwo {
				continue
			}
			if _, err := engine.ParseDay(part); err != nil {
				return nil, usageError{fmt.Errorf("--compare %q: not a day such as 2026-06-30", part)}
			}
			if slices.Contains(days, part) {
				return nil, usageError{fmt.Errorf("--compare: %s stands twice", part)}
			}
			days = append(days, part)
		}
	}
	if len(days) > 2 {
		return nil, usageError{fmt.Errorf("--compare: %d days, and two can be compared", len(days))}
	}
	return days, nil
}

func (a *app) listModels(cmd *cobra.Command, asOf, section, lang string) error {
	if err := a.checkSection(section, "models", "parameters", "warnings"); err != nil {
		return err
	}
	e, err := a.open(nil)
	if err != nil {
		return err
	}
	list, err := e.FittedModels(cmd.Context(), asOf)
	if err != nil {
		return err
	}
	return a.chosen(list, section, "", lang)
}

func (a *app) compareModels(cmd *cobra.Command, days []string, section, lang string) error {
	if err := a.checkSection(section, "fits", "parameters", "likelihood", "stability", "classes"); err != nil {
		return err
	}
	e, err := a.open(nil)
	if err != nil {
		return err
	}
	drift, err := e.CompareModels(cmd.Context(), days)
	if err != nil {
		return err
	}
	a.remark(inLanguage(lang, "the run as of %[1]s against that as of %[2]s", "截至 %[1]s 的运行与截至 %[2]s 的运行比较"), drift.Now, drift.Before)
	for _, n := range drift.Notes {
		a.remark("%s", inLanguage(lang, n.En, n.Zh))
	}
	return a.chosen(drift.Sections, section, "classes", lang)
}

// checkSection refuses a section that there is not, and several as one CSV.
func (a *app) checkSection(section string, titles ...string) error {
	switch {
	case section != "" && !slices.Contains(titles, section):
		return usageError{fmt.Errorf("--section %s: the sections are %s", section, strings.Join(titles, ", "))}
	case section == "" && a.format == "csv":
		return usageError{fmt.Errorf("several tables are no CSV: name one with --section (%s)", strings.Join(titles, ", "))}
	}
	return nil
}

// chosen prints the section that is asked for, or all of them; people are spared one
// of them unless they ask for it, and the words of the other language.
func (a *app) chosen(list []engine.Section, section, spared, lang string) error {
	if a.format != "table" {
		for _, s := range list {
			if s.Title == section {
				return a.rows(s.Table)
			}
		}
		return a.sections(list)
	}
	list = slices.DeleteFunc(list, func(s engine.Section) bool {
		return section != "" && s.Title != section || section == "" && s.Title == spared
	})
	for i, s := range list {
		list[i].Title, list[i].Table = modelWord(s.Title, lang), inWords(s.Table, lang)
	}
	if section != "" {
		return a.rows(list[0].Table)
	}
	return a.sections(list)
}

// inWords is a table for people: the sentences of one language alone, under headings
// of that language.
func inWords(t *table.Table, lang string) *table.Table {
	spared := inLanguage(lang, "zh", "en")
	var columns []*table.Column
	for _, c := range t.Columns() {
		name, in := c.Name, ""
		switch name {
		case "warning":
			in = "en"
		case "zh":
			name, in = "warning", "zh"
		case "reading":
			in = "en"
		case "reading_zh":
			name, in = "reading", "zh"
		}
		if in == spared {
			continue
		}
		worded := *c
		worded.Name = modelWord(name, lang)
		columns = append(columns, &worded)
	}
	return table.New(columns...)
}

// modelWord is a heading of the tables of models in a language.
func modelWord(name, lang string) string {
	words := map[string]string{
		"models": "模型", "parameters": "参数", "warnings": "注意事项", "fits": "拟合", "likelihood": "似然", "stability": "稳定性", "classes": "分组",
		"model": "模型", "status": "状态", "method": "方法", "fitted_as_of": "拟合统计日", "rows": "行数", "log_likelihood": "对数似然",
		"parameter": "参数", "value": "取值", "standard_error": "标准误", "code": "代码", "warning": "说明",
		"status_before": "原状态", "method_before": "原方法", "fitted_before": "原拟合统计日", "fitted": "拟合统计日", "rows_before": "原行数",
		"before": "原值", "now": "现值", "change": "变化", "se_same_customers": "标准误（同一批客户）", "se_other_customers": "标准误（不同客户）", "reading": "解读",
		"model_before": "原模型", "log_likelihood_before": "原模型对数似然", "customers": "客户数", "gain": "提高", "gain_by_chance": "偶然提高上限",
		"kind": "类别", "column": "列", "customers_before": "原客户数", "mean_before": "原均值", "mean": "均值",
		"psi": "PSI", "psi_by_chance": "偶然 PSI 上限", "empty": "空分组数",
		"above": "大于", "up_to": "至", "missing": "缺失", "share_before": "原占比", "share": "占比",
	}
	if word, known := words[name]; known && lang == "zh" {
		return word
	}
	return name
}
