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
	cmd := &cobra.Command{
		Use:   "models [--compare [DATE[,DATE]]]",
		Short: "The models of a run with their estimates and doubts, and how they moved between two runs",
		Long: `List the models of a run: how each was fitted, its estimates with their standard errors, and the
doubts about it. The files model.NAME.json of a run hold them for other programs and for
clientele score --model.

--compare sets two runs beside each other: the two latest, DATE and the latest other one, or both
days named. Its sections:
  fits        how the fits went, and the log-likelihood for each customer
  parameters  estimates, their change, and the change in standard errors: those of both runs together,
              as if no customer were in both. Most are, so that a smaller change may be one too
  stability   population stability index (PSI) of what models go by and of what they say, by deciles of
              the older run with equal values kept together; below 0.1 stable, to 0.25 some change,
              from 0.25 on a large one. psi_by_chance is what two samples of one distribution stay
              below 95 times in 100. Classes that one run leaves empty count half a customer there.
              Where few customers are new, recency and tenure move with the calendar, and scores with them
  classes     the classes that the index is made of (with --section or --format json)`,
		Example: `  clientele models
  clientele models --as-of 2026-06-30 --section parameters --format csv
  clientele models --compare
  clientele models --compare 2026-03-31,2026-06-30 --format json`,
		Args: args(cobra.MaximumNArgs(2)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if !cmd.Flags().Changed("compare") {
				if len(list) > 0 {
					return usageError{fmt.Errorf("%q: days stand after --compare; --as-of DATE lists one run", list[0])}
				}
				return a.listModels(cmd, asOf, section)
			}
			if cmd.Flags().Changed("as-of") {
				return usageError{errors.New("--compare and --as-of exclude each other: see clientele models --help")}
			}
			days, err := comparedDays(append([]string{compare}, list...))
			if err != nil {
				return err
			}
			return a.compareModels(cmd, days, section)
		},
	}
	runFlag(cmd, &asOf)
	f := cmd.Flags()
	f.StringVar(&compare, "compare", "", "compare two runs: `DATE[,DATE]`, or nothing for the two latest")
	f.Lookup("compare").NoOptDefVal = latestTwo
	f.StringVar(&section, "section", "", "print one section: models, parameters or warnings; of a comparison fits, parameters, stability or classes")
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

func (a *app) listModels(cmd *cobra.Command, asOf, section string) error {
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
	return a.chosen(list, section, "")
}

func (a *app) compareModels(cmd *cobra.Command, days []string, section string) error {
	if err := a.checkSection(section, "fits", "parameters", "stability", "classes"); err != nil {
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
	a.remark("the run as of %s against that as of %s", drift.Now, drift.Before)
	return a.chosen(drift.Sections, section, "classes")
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
// of them unless they ask for it.
func (a *app) chosen(list []engine.Section, section, spared string) error {
	for _, s := range list {
		if s.Title == section {
			return a.rows(s.Table)
		}
	}
	if a.format == "table" {
		list = slices.DeleteFunc(list, func(s engine.Section) bool { return s.Title == spared })
		for i := range list {
			list[i].Table = without(list[i].Table, "zh")
		}
	}
	return a.sections(list)
}

// without is a table without a column.
func without(t *table.Table, name string) *table.Table {
	return table.New(slices.DeleteFunc(slices.Clone(t.Columns()), func(c *table.Column) bool { return c.Name == name })...)
}
