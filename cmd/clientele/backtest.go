package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"clientele/engine"
	"clientele/engine/config"
)

// brief are the sections that people are shown unless they ask for one.
func brief() []string { return []string{"choice", "orders", "buying", "spend", "differences"} }

func newBacktest(a *app) *cobra.Command {
	b := engine.Backtesting{}
	var section string
	cmd := &cobra.Command{
		Use:   "backtest",
		Short: "What the models would have said on past days, against what happened",
		Long: `Go back to past days, fit every model on what was known then, and compare what it forecast for
the days after with what happened. Beside the models stand the plain rules that they have to beat:
the own rate so far (naive_rate), recency alone (recency), and frequency, then recency
(frequency_recency). Windows do not overlap, and each model sees nothing of its window.
A purchase model that models.frozen in clientele.yaml names stands beside them as saved_NAME, from
the day on that it was fitted as of: where new fits do not beat it, it still holds. Where models.by,
models.buying or models.leaving is set, plain_NAME is the model without groups and covariates.

The sections: choice (purchase models by the probability that they gave to what came), orders
(forecast and actual purchases), buying (who bought at all: ranking and calibration), spend,
differences (model less rule with a 95 % interval from resampled customers, and which is shown to be
better), deciles (lift and capture by tenth of the customers), reliability (stated against actual
probability), weeks (repeat purchases of every week, actual and modelled).
People are shown a verdict and the first five, of differences those of the model that is used and
of the churn score; --format json has all of them, --section one.`,
		Example: `  clientele backtest
  clientele backtest --origins 4 --holdout 60
  clientele backtest --as-of 2026-06-30 --model pareto_nbd,mbg_nbd
  clientele backtest --section deciles --format csv > deciles.csv`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range b.Models {
				if !slices.Contains(config.PurchaseModels()[1:], name) {
					return usageError{fmt.Errorf("--model %s: not one of %s", name, strings.Join(config.PurchaseModels()[1:], ", "))}
				}
			}
			if section != "" && !slices.Contains(engine.BacktestSections(), section) {
				return usageError{fmt.Errorf("--section %s: the sections are %s", section, strings.Join(engine.BacktestSections(), ", "))}
			}
			if section == "choice" && len(b.Models) == 1 {
				return usageError{errors.New("--section choice: there is none with one --model")}
			}
			for _, name := range []string{"origins", "holdout"} {
				if n, _ := cmd.Flags().GetInt(name); n < 1 && cmd.Flags().Changed(name) {
					return usageError{fmt.Errorf("--%s %d: not above zero", name, n)}
				}
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			out, err := e.Backtest(cmd.Context(), b)
			if err != nil {
				return err
			}
			return a.backtested(out, section)
		},
	}
	f := cmd.Flags()
	f.IntVar(&b.Origins, "origins", 0, "past days to forecast from (default 3, fewer where history is short; backtest.origins is for models.purchase: auto)")
	f.IntVar(&b.Holdout, "holdout", 0, "days after each that are forecast (default backtest.holdout_days, else churn.window_days)")
	f.StringVar(&b.AsOf, "as-of", "latest", "the last day of which facts are used: YYYY-MM-DD, today, yesterday or latest")
	f.StringSliceVar(&b.Models, "model", nil, "purchase models to compare (default all): "+strings.Join(config.PurchaseModels()[1:], ", "))
	f.StringVar(&section, "section", "", "print one section: choice, orders, buying, spend, differences, deciles, reliability or weeks")
	return cmd
}

// backtested prints the sections that are asked for, and what is doubtful about them.
func (a *app) backtested(out engine.Backtested, section string) error {
	for _, w := range out.Warnings {
		a.remark("%s", w.En)
	}
	if section != "" {
		i := slices.IndexFunc(out.Sections, func(s engine.Section) bool { return s.Title == section })
		return a.rows(out.Sections[i].Table)
	}
	if a.format == "json" {
		return a.backtestJSON(out)
	}
	if a.format == "csv" {
		return usageError{errors.New("several tables are no CSV: use --section NAME, or --format table or json")}
	}
	fmt.Fprintf(a.out, "As of %s: forecasts of %d days from %s", out.AsOf, out.Holdout, strings.Join(out.Origins, ", "))
	if out.Every > 1 {
		fmt.Fprintf(a.out, ", for one customer of %d", out.Every)
	}
	fmt.Fprintln(a.out, ".")
	if out.Choice != nil {
		fmt.Fprintln(a.out, out.Choice.Reason.En)
	}
	for _, v := range out.Verdicts {
		fmt.Fprintln(a.out, v.En)
	}
	fmt.Fprintln(a.out)
	var list []engine.Section
	for _, s := range out.Sections {
		switch {
		case s.Title == "differences":
			list = append(list, usedDifferences(s, out.Model)...)
		case slices.Contains(brief(), s.Title):
			list = append(list, s)
		}
	}
	return a.sections(list)
}

// usedDifferences are the differences of what is used, each kind of them as a table of
// its own: orders, chances and money are of different sizes.
func usedDifferences(s engine.Section, model string) []engine.Section {
	var out []engine.Section
	for _, what := range []string{"orders", "buying", "spend"} {
		var rows []int
		for i := range s.Table.Rows() {
			name := string(s.Table.Column("model").Texts.At(i))
			if string(s.Table.Column("what").Texts.At(i)) == what && (name == model || name == "churn_risk" || strings.HasPrefix(name, "saved_") || strings.HasPrefix(name, "plain_")) {
				rows = append(rows, i)
			}
		}
		if len(rows) > 0 {
			out = append(out, engine.Section{Title: "differences in " + what, Table: s.Table.Take(rows, "origin", "model", "rule", "measure", "of_model", "of_rule", "difference", "low", "high", "better")})
		}
	}
	return out
}

// backtestJSON prints everything as one object: what was looked at, then the tables.
func (a *app) backtestJSON(out engine.Backtested) error {
	type doubt struct {
		Code string `json:"code"`
		En   string `json:"en"`
		Zh   string `json:"zh"`
	}
	head := struct {
		AsOf     string   `json:"as_of"`
		Holdout  int      `json:"holdout_days"`
		Origins  []string `json:"origins"`
		Every    int64    `json:"one_customer_of"`
		Winner   string   `json:"winner,omitempty"`
		Reason   *doubt   `json:"reason,omitempty"`
		Verdicts []doubt  `json:"verdicts"`
		Warnings []doubt  `json:"warnings"`
	}{AsOf: out.AsOf, Holdout: out.Holdout, Origins: out.Origins, Every: out.Every, Verdicts: []doubt{}, Warnings: []doubt{}}
	if c := out.Choice; c != nil {
		head.Winner, head.Reason = c.Winner, &doubt{c.Reason.Code, c.Reason.En, c.Reason.Zh}
	}
	for _, v := range out.Verdicts {
		head.Verdicts = append(head.Verdicts, doubt{v.Code, v.En, v.Zh})
	}
	for _, w := range out.Warnings {
		head.Warnings = append(head.Warnings, doubt{w.Code, w.En, w.Zh})
	}
	text, err := plainJSON(head)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, `{"backtest": %s, "sections": `, text)
	if err := writeSections(a.out, out.Sections); err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.out, "}")
	return err
}
