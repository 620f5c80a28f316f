package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"clientele/engine"
	"clientele/engine/table"
)

func newSegment(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "segment",
		Short: "Named segments and their rules: list, show, preview, clusters, rules, check; moves, history, overlap, profile",
		Example: `  clientele segment list
  clientele segment show "At Risk"
  clientele segment preview "clv > 500 and last_order_on < as_of - 90 days"
  clientele segment clusters
  clientele segment rules
  clientele segment check
  clientele segment moves lifecycle
  clientele segment history "At Risk" --every month
  clientele segment overlap Champions active low
  clientele segment profile "At Risk"`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSegmentList(a), newSegmentShow(a), newSegmentPreview(a), newSegmentClusters(a), newSegmentRules(a), newSegmentCheck(a),
		newSegmentMoves(a), newSegmentHistory(a), newSegmentOverlap(a), newSegmentProfile(a))
	return cmd
}

func newSegmentList(a *app) *cobra.Command {
	var asOf string
	lang := "en"
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "Segments of a run with their size and worth",
		Example: `  clientele segment list --as-of 2026-06-30`,
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			t, err := e.Segments(cmd.Context(), asOf)
			if err != nil {
				return err
			}
			return a.rows(a.worded(t, lang, headsZh()))
		},
	}
	runFlag(cmd, &asOf)
	cmd.Flags().Var(&choice{&lang, []string{"en", "zh"}}, "lang", "of the table for people: en or zh")
	return cmd
}

func newSegmentShow(a *app) *cobra.Command {
	var asOf string
	var limit int
	cmd := &cobra.Command{
		Use:   "show SEGMENT",
		Short: "Customers of a segment, the most valuable first",
		Example: `  clientele segment show "At Risk"
  clientele segment show 重要价值客户 --limit 0 --format csv > vip.csv`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if limit < 0 {
				return usageError{fmt.Errorf("--limit %d: is below zero", limit)}
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			t, err := e.SegmentMembers(cmd.Context(), asOf, list[0], limit)
			if err != nil {
				return err
			}
			return a.rows(t)
		},
	}
	runFlag(cmd, &asOf)
	cmd.Flags().IntVar(&limit, "limit", 20, "rows at most; 0: all")
	return cmd
}

func newSegmentPreview(a *app) *cobra.Command {
	var asOf string
	var limit int
	lang := "en"
	cmd := &cobra.Command{
		Use:   "preview RULE",
		Short: "Who a rule would choose: how many, what they are worth, and ten of them",
		Long: `Evaluate a rule on a run: how many customers it chooses and their share of all, their revenue and its
share, value and orders that are expected of them, mean churn risk, and the most valuable ten. Where it
chooses nobody, the size of each of its conditions is shown. Nothing is written: a rule under segments: in
clientele.yaml becomes a segment of every run. As CSV the customers alone are printed.`,
		Example: `  clientele segment preview "clv > 500 and last_order_on < as_of - 90 days"
  clientele segment preview "spend on category '茶叶' in 365 days > 500"
  clientele segment preview "segment 'At Risk' and not email_consent" --as-of 2026-03-31
  clientele segment preview "city = '杭州'" --lang zh
  clientele segment preview "birthday in 7 days" --limit 0 --format csv > birthdays.csv`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if limit < 0 {
				return usageError{fmt.Errorf("--limit %d: is below zero", limit)}
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			p, err := e.Preview(cmd.Context(), asOf, list[0], limit)
			if err != nil {
				return a.ruleMistakeIn(err, lang)
			}
			a.remark(inLanguage(lang, "as of %s: %s", "截至 %s：%s"), p.AsOf, strings.ReplaceAll(p.Rule, "\n", " "))
			a.remarkWarnings(p.Hints, lang)
			if a.format == "csv" {
				return a.rows(p.Customers)
			}
			sections := []engine.Section{{Title: "totals", Table: p.Totals}, {Title: "customers", Table: p.Customers}}
			if p.Conditions != nil {
				sections = append(sections, engine.Section{Title: "conditions", Table: p.Conditions})
			}
			if a.format == "json" {
				return a.sections(sections)
			}
			return a.tables(sections)
		},
	}
	runFlag(cmd, &asOf)
	cmd.Flags().IntVar(&limit, "limit", 10, "customers at most; 0: all")
	cmd.Flags().Var(&choice{&lang, []string{"en", "zh"}}, "lang", "of remarks and of what is wrong with the rule: en or zh")
	return cmd
}

// tables prints tables that need no titles, those with rows.
func (a *app) tables(list []engine.Section) error {
	for i, s := range list {
		if s.Table.Rows() == 0 {
			continue
		}
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		if err := a.rows(s.Table); err != nil {
			return err
		}
	}
	return nil
}

// ruleMistakeIn is an error about a rule that was typed as one of usage, in a language,
// after the place has been shown on a terminal.
func (a *app) ruleMistakeIn(err error, lang string) error {
	mistake, ok := err.(interface {
		Caret() string
		In(lang string) string
	})
	if !ok {
		return err
	}
	if f, ok := a.errOut.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprintln(a.errOut, mistake.Caret())
	}
	return usageError{errors.New(mistake.In(lang))}
}

func newSegmentRules(a *app) *cobra.Command {
	lang := "en"
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "The language of rules, with examples and every name that rules may use",
		Long: `Explain the language of rules on one page, and list the columns, quantities and segments that a rule of
this workspace may name. As CSV or JSON the names alone are printed.`,
		Example: `  clientele segment rules
  clientele segment rules --lang zh
  clientele segment rules --format csv > names.csv`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			names, err := e.RuleNames(cmd.Context(), lang)
			if err != nil {
				return err
			}
			if a.format == "table" {
				if _, err := fmt.Fprintln(a.out, engine.RuleGuide(lang)); err != nil {
					return err
				}
			}
			return a.rows(names)
		},
	}
	cmd.Flags().Var(&choice{&lang, []string{"en", "zh"}}, "lang", "of the page: en or zh")
	return cmd
}

func newSegmentCheck(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "check [SCHEME]",
		Short: "Prove that an RFM scheme names every code once, and that own rules choose somebody",
		Long: `List the codes that a scheme leaves without a name, those that it names twice, and names that
no customer can get, one a row. Without SCHEME the configured one is checked, with its own cut points, and the
rules of own segments are: those that choose nobody or everybody in the current run are listed too.
Exit status 3 when the scheme is no partition; a rule that cannot be read is an error.`,
		Example: `  clientele segment check
  clientele segment check r-rfm-0.2`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			scheme := ""
			if len(list) == 1 {
				scheme = list[0]
			}
			result, err := e.CheckSegments(scheme)
			if err != nil {
				return usageError{err}
			}
			var own []engine.OwnSegment
			if scheme == "" {
				if own, err = e.CheckOwn(cmd.Context()); err != nil {
					return err
				}
			}
			faults := result.Faults()
			faulty := faults.Rows()
			faults = withOwnFaults(faults, own)
			if a.format == "table" { // people get the verdict in a sentence first
				fmt.Fprintln(a.out, result)
				for _, s := range own {
					fmt.Fprintln(a.out, sentence(s))
				}
			}
			if a.format != "table" || faulty > 0 {
				err = a.rows(faults)
			}
			if err != nil || result.Partition() {
				return err
			}
			return errors.Join(engine.ErrRefused)
		},
	}
}

// withOwnFaults is the faults of a scheme and, below them, the own segments that tell
// nobody from anybody.
func withOwnFaults(faults *table.Table, own []engine.OwnSegment) *table.Table {
	for _, s := range own {
		if s.Fault() == "" {
			continue
		}
		for i, text := range []string{engine.OwnScheme, s.Fault(), "", s.Name} {
			c := faults.Columns()[i]
			c.Texts.AppendString(text)
			c.Null = append(c.Null, text == "")
		}
	}
	return table.New(faults.Columns()...)
}

// sentence says how large an own segment is.
func sentence(s engine.OwnSegment) string {
	text := fmt.Sprintf("%s %s: %s", engine.OwnScheme, s.Name, strings.ReplaceAll(s.Rule, "\n", " "))
	switch {
	case s.Of == 0:
		return text + "; no run tells its size yet"
	case s.Fault() != "":
		return text + "; " + s.Fault() + fmt.Sprintf(" of %d customers", s.Of)
	}
	return text + fmt.Sprintf("; %d of %d customers", s.Customers, s.Of)
}
