package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"clientele/engine"
	"clientele/engine/config"
	"clientele/engine/report"
	"clientele/engine/table"
)

// app is what every subcommand shares: where to write, and the flags of root.
type app struct {
	out, errOut io.Writer
	now         time.Time

	dir     string
	format  string
	quiet   bool
	verbose bool
	threads int
	memory  string
	raw     bool           // texts of a CSV as they are
	zone    *time.Location // the business time zone, once the workspace is open

	logForm  string       // "": messages for people
	log      *slog.Logger // nil: messages for people
	progress *progress    // nil: none is shown
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "clientele",
		Short: "Analytical CRM engine: load a shop's exports, score every customer, hand out lists and reports",
		Long: `Clientele loads orders, customers, refunds, interactions and campaign responses from
whatever files and databases a business has into one store, and scores every customer as of a day:
RFM, expected orders, lifetime value, churn risk, lifecycle.

A workspace is a folder. Every command works in the current one, or in that of -C.

Exit status: 0 done; 1 failed; 2 wrong usage; 3 data problems; 4 locked by another process; 5 the disk;
6 a gate of the data held the publication back; 130 and 143 stopped. clientele help exit-status says more.`,
		Example: `  clientele demo shop && clientele -C shop run      a generated shop, loaded and scored
  clientele ingest auto exports                     load a folder of exports, whatever they are
  clientele ingest orders orders.csv                load a file of orders (customer, date, amount is enough)
  clientele score --as-of 2026-06-30                score everybody as of a day
  clientele segment list                            the segments, by worth
  clientele query "SELECT * FROM scores LIMIT 5"    any SQL, read-only`,
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown command %q%s: clientele --help lists them", args[0], suggestion(cmd, args[0]))}
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%s: see %s --help", flagMistake(err), cmd.CommandPath())}
	})
	flags := root.PersistentFlags()
	flags.StringVarP(&a.dir, "workspace", "C", ".", "the workspace folder")
	flags.StringVar(&a.format, "format", "table", "how rows are printed: table, csv or json")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "no progress and no remarks on standard error")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "say on standard error how long each stage took")
	flags.IntVar(&a.threads, "threads", 0, "threads to use (default all cores, or resources.threads)")
	flags.StringVar(&a.memory, "memory", "", "memory to use, such as 4GiB (default 60 % of the machine, or resources.memory)")
	flags.Var(&choice{&a.logForm, []string{logJSON, logText}}, "log", "write records on standard error instead of messages and progress: `FORM` json or text")
	root.PersistentPreRun = func(*cobra.Command, []string) { a.startLog() }
	root.AddCommand(
		newDemo(a), newInit(a), newIngest(a), newRun(a), newScore(a), newSegment(a), newTarget(a), newList(a), newExport(a), newReport(a),
		newShow(a), newQuery(a), newBatches(a), newRejects(a), newRollback(a), newCheck(a), newReconcile(a), newBacktest(a), newModels(a), newSurvival(a), newCampaign(a), newRebuild(a), newVerify(a), newExitStatus(), newRuns(a), newPrune(a), newDoctor(a),
	)
	return root
}

func suggestion(cmd *cobra.Command, word string) string {
	cmd.SuggestionsMinimumDistance = 2
	if s := cmd.SuggestionsFor(word); len(s) > 0 {
		return fmt.Sprintf(" (did you mean %s?)", strings.Join(s, " or "))
	}
	return ""
}

// args wraps cobra's checks of positional arguments as mistakes of usage.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, list []string) error {
		if check(cmd, list) == nil {
			return nil
		}
		_, wanted, _ := strings.Cut(cmd.Use, " ")
		switch {
		case len(list) == 0:
			return usageError{fmt.Errorf("%s is missing: see %s --help", wanted, cmd.CommandPath())}
		case cmd.HasSubCommands() && wanted == "":
			return usageError{fmt.Errorf("unknown command %q%s: see %s --help", cmd.Name()+" "+list[0], suggestion(cmd, list[0]), cmd.CommandPath())}
		case check(cmd, list[:len(list)-1]) == nil:
			return usageError{fmt.Errorf("%q is one word too many: see %s --help", list[len(list)-1], cmd.CommandPath())}
		}
		return usageError{fmt.Errorf("the words after %s should be %s: see %s --help", cmd.Name(), wanted, cmd.CommandPath())}
	}
}

// flagMistake words what is wrong with a flag.
func flagMistake(err error) string {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err.Error()
	}
	flag, reason := invalid.GetFlag(), invalid.Unwrap().Error()
	if number := (*strconv.NumError)(nil); errors.As(err, &number) {
		switch reason = "not a whole number"; flag.Value.Type() {
		case "float64":
			reason = "not a number"
		case "bool":
			reason = "not true or false"
		}
	}
	return fmt.Sprintf("--%s %q: %s", flag.Name, invalid.GetValue(), reason)
}

// runFlag adds --as-of to a command that reads a finished run.
func runFlag(cmd *cobra.Command, asOf *string) {
	cmd.Flags().Var(&day{asOf, []string{"latest"}}, "as-of", "run of that day, `YYYY-MM-DD` (default the current run)")
}

// asOfFlag adds --as-of to a command that makes a run.
func asOfFlag(cmd *cobra.Command, asOf *string) {
	*asOf = "latest"
	cmd.Flags().Var(&day{asOf, []string{"today", "yesterday", "latest"}}, "as-of", "`DAY`: YYYY-MM-DD, today, yesterday, or latest, the last day that has facts")
}

// day is a flag that holds YYYY-MM-DD or one of some words.
type day struct {
	text  *string
	words []string
}

func (d *day) String() string { return *d.text }
func (d *day) Type() string   { return "day" }

func (d *day) Set(text string) error {
	if _, err := engine.ParseDay(text); err != nil && !slices.Contains(d.words, text) {
		return errors.New(strings.Join(append([]string{"not a day such as 2026-06-30"}, d.words...), ", nor "))
	}
	*d.text = text
	return nil
}

// choice is a flag that holds one of some words.
type choice struct {
	text  *string
	words []string
}

func (c *choice) String() string { return *c.text }
func (c *choice) Type() string   { return "string" }

func (c *choice) Set(text string) error {
	if !slices.Contains(c.words, text) {
		return errors.New("not " + strings.Join(c.words, ", "))
	}
	*c.text = text
	return nil
}

// open opens the workspace with the flags of root applied.
func (a *app) open(adjust func(*config.Config) error) (*engine.Engine, error) {
	if !isFormat(a.format) {
		return nil, usageError{fmt.Errorf("--format %q: not table, csv or json", a.format)}
	}
	e, err := engine.Open(a.dir, a.now, version)
	if err != nil {
		return nil, err
	}
	e.Getenv = os.Getenv
	if a.threads < 0 {
		return nil, usageError{fmt.Errorf("--threads %d: is below zero", a.threads)}
	}
	if a.threads > 0 {
		e.Config.Resources.Threads = a.threads
	}
	if a.memory != "" {
		if e.Config.Resources.Memory, err = config.ParseSize(a.memory); err != nil {
			return nil, usageError{fmt.Errorf("--memory %q: %w", a.memory, err)}
		}
	}
	if adjust != nil {
		if err := adjust(&e.Config); err != nil {
			return nil, usageError{err}
		}
	}
	if err := e.Config.Check(); err != nil {
		return nil, usageError{err}
	}
	if a.zone, err = e.Config.Zone(); err != nil {
		return nil, err
	}
	e.Limit = limitMemory
	e.Limit(e.GoShare(0, 0))
	switch {
	case a.log != nil:
		e.Watch = a.logEvent
	case !a.quiet:
		a.progress = newProgress(a.errOut, a.verbose)
		e.Watch = a.progress.event
	}
	return e, nil
}

func isFormat(name string) bool {
	for _, f := range report.Formats() {
		if f.Name == name {
			return true
		}
	}
	return false
}

// rows prints a table in the chosen format.
func (a *app) rows(t *table.Table) error {
	opt := report.Options{Raw: a.raw}
	if a.format == "table" { // people read their own clock, programs read UTC
		opt.Zone = a.zone
	}
	return report.Write(a.out, t, a.format, opt)
}

// sections prints several tables: titled, or as one JSON object.
func (a *app) sections(list []engine.Section) error {
	if a.format == "json" {
		return writeSections(a.out, list)
	}
	if a.format == "csv" {
		return usageError{errors.New("several tables are no CSV: use --format table or json, or clientele query")}
	}
	for i, s := range list {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		fmt.Fprintf(a.out, "%s (%d)\n", s.Title, s.Table.Rows())
		if s.Table.Rows() == 0 {
			continue
		}
		if err := a.rows(s.Table); err != nil {
			return err
		}
	}
	return nil
}

// remark tells people something that is no result.
func (a *app) remark(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintln(a.errOut, engine.Scrub(fmt.Sprintf(format, args...)))
	}
}
