package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"clientele/engine"
	"clientele/engine/config"
	"clientele/engine/table"
)

// scoring are the flags that override settings of scoring.
type scoring struct {
	horizon, window         int
	discount, margin        float64
	scheme, rule, purchases string
	changed                 func(string) bool
	csv                     bool
	models                  []string // files, from where the command runs
}

func (s *scoring) add(cmd *cobra.Command) {
	f := cmd.Flags()
	d := config.Default()
	f.IntVar(&s.horizon, "horizon", d.Horizon, "days of expected_orders and clv")
	f.IntVar(&s.window, "window", d.Churn.Window, "days without a purchase that are churn")
	f.Float64Var(&s.discount, "discount-rate", d.Discount, "yearly discount rate of clv")
	f.Float64Var(&s.margin, "margin", d.Margin, "share of sales that is margin (default auto: from costs where they are known, else 1)")
	f.StringVar(&s.scheme, "scheme", d.RFM.Scheme, "RFM scheme: grid125, rf25, cn8, r-rfm-0.2 or custom")
	f.StringVar(&s.rule, "rule", d.RFM.Rule, "what divides high from low in the eight cells: values or scores")
	f.StringVar(&s.purchases, "purchases", d.Purchases, "orders that count: all, or positive amounts only")
	f.BoolVar(&s.csv, "csv", d.Output.CSV, "write scores.csv too")
	s.changed = f.Changed
}

func (s *scoring) apply(c *config.Config) error {
	for _, o := range []struct {
		flag string
		set  func()
	}{
		{"horizon", func() { c.Horizon = s.horizon }},
		{"window", func() { c.Churn.Window = s.window }},
		{"discount-rate", func() { c.Discount = s.discount }},
		{"margin", func() { c.Margin = s.margin }},
		{"scheme", func() { c.RFM.Scheme = s.scheme }},
		{"rule", func() { c.RFM.Rule = s.rule }},
		{"purchases", func() { c.Purchases = s.purchases }},
		{"csv", func() { c.Output.CSV = s.csv }},
	} {
		if s.changed(o.flag) {
			o.set()
		}
	}
	if len(s.models) > 0 {
		c.Models.Frozen = nil
	}
	for _, path := range s.models {
		path, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		c.Models.Frozen = append(c.Models.Frozen, path)
	}
	return nil
}

func newRun(a *app) *cobra.Command {
	var n engine.Night
	var s scoring
	cmd := &cobra.Command{
		Use:   "run",
		Short: "The nightly job: load what is new, score, export, report",
		Long: `Load what is new in the sources of clientele.yaml, score every customer as of a day, and
publish the run: exports/as_of=DATE with Parquet files, data dictionary and reports.
Running again does only what is left; a kill at any instant leaves what was there before. When
nothing has changed since the last run, that is found out without reading a file, and nothing is
done (--again does it all the same). Of the run that stands it looks at the sizes of its files then:
clientele verify compares their bytes, and those of everything else.

The checks of clientele check run in between. What they find stops nothing: the facts are
loaded, the scores are published, and the failed checks are printed and stand in the report.
Exit status 3 when a check of severity error failed, or a file was refused.

gates of clientele.yaml hold the publication back while the facts are too old, too few or too bad:
then the facts are loaded, the run of before stays current, and the exit status is 6. keep says
which runs stay, metrics and lineage which files tell other programs what was done.

--format json prints one line, also of a run that failed: outcome (published, unchanged, held,
nothing or failed), exit_status, error, rows and files, what was loaded, checked and scored, seconds and
peak_memory_bytes. --log json turns what standard error has into records.`,
		Example: `  clientele run
  clientele -C /data/shop run --as-of yesterday
  clientele -C /data/shop run --format json --log json 2>> run.log
  clientele run --publish-anyway                    past a gate that holds`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			began := time.Now()
			e, err := a.open(s.apply)
			if err != nil {
				return a.notBegun(err, time.Since(began))
			}
			if a.progress != nil {
				a.progress.expected = e.LastTook()
			}
			ran, err := e.RunNight(cmd.Context(), n)
			err = ended(cmd.Context(), err)
			a.remarkLoaded(ran.Loaded)
			if a.log != nil {
				a.logRun(ran)
			}
			if a.format == "json" {
				return errors.Join(writeJSON(a.out, nightLine(ran, err, time.Since(began))), err)
			}
			if err != nil && !aboutData(err) {
				return err
			}
			if err := a.printNight(ran); err != nil {
				return err
			}
			a.remark("done in %v", time.Since(began).Round(time.Millisecond*100))
			return err
		},
	}
	asOfFlag(cmd, &n.AsOf)
	f := cmd.Flags()
	f.BoolVar(&n.AllowRejects, "allow-rejects", false, "load what is good however many rows are bad")
	f.BoolVar(&n.Again, "again", false, "read every file anew, learn anew and score, though nothing has changed")
	f.BoolVar(&n.PublishAnyway, "publish-anyway", false, "publish though a gate of clientele.yaml holds")
	s.add(cmd)
	return cmd
}

// notBegun is what is left of a night whose workspace cannot be opened. A mistake in
// the words of the command is no night.
func (a *app) notBegun(err error, took time.Duration) error {
	if a.format != "json" || exitStatus(err) == exitUsage {
		return err
	}
	return errors.Join(writeJSON(a.out, nightLine(engine.Ran{}, err, took)), err)
}

// printNight prints for people what a night came to.
func (a *app) printNight(ran engine.Ran) error {
	if fresh := freshOnly(ran.Loaded); len(fresh) > 0 {
		if err := a.rows(sourceTable(fresh)); err != nil {
			return err
		}
	}
	if ran.Outcome == engine.OutcomeUnchanged {
		a.remark("nothing has changed since the run as of %s: it stands (--again scores it anew)", ran.Scored.AsOf)
	}
	if err := a.published(ran.Scored); err != nil {
		return err
	}
	if a.log == nil {
		if ran.Outcome == engine.OutcomePublished {
			for _, h := range ran.Held {
				a.remark("published though %s", h.En)
			}
		}
		for _, d := range ran.Doubts {
			a.remark("%s", d)
		}
		for _, day := range ran.Removed {
			a.remark("the run as of %s is let go, as keep says", day)
		}
	}
	if failed := ran.Checked.Failed(); len(failed) > 0 {
		fmt.Fprintln(a.out)
		return a.rows(checkTable(failed))
	}
	return nil
}

// nightOf is a night as one line of JSON: what orchestrators decide by comes first.
type nightOf struct {
	ExitStatus int    `json:"exit_status"`
	Error      string `json:"error,omitempty"`
	engine.Ran
	engine.LoadCounts
	ChecksFailed int     `json:"checks_failed"`
	Seconds      float64 `json:"seconds"`
	PeakMemory   int64   `json:"peak_memory_bytes"`
	Version      string  `json:"version"`
}

func nightLine(ran engine.Ran, err error, took time.Duration) nightOf {
	if ran.Outcome == "" { // it did not even begin
		ran.Outcome = engine.OutcomeFailed
	}
	line := nightOf{ExitStatus: exitStatus(err), Ran: ran, LoadCounts: ran.Counts(), ChecksFailed: len(ran.Checked.Failed()),
		Seconds: took.Seconds(), PeakMemory: engine.PeakMemory(), Version: version}
	if err != nil {
		line.Error = engine.Scrub(message(err))
	}
	return line
}

// sourceTable sums files by their source and what became of them: a shop of
// monthly files has hundreds. clientele batches lists them one by one.
func sourceTable(loaded []engine.Loaded) *table.Table {
	var sums []engine.Loaded
	var files []int64
	for _, l := range loaded {
		at := slices.IndexFunc(sums, func(s engine.Loaded) bool {
			return s.Source == l.Source && s.Kind == l.Kind && s.State == l.State
		})
		if at < 0 {
			at = len(sums)
			sums = append(sums, engine.Loaded{Source: l.Source, Kind: l.Kind, State: l.State})
			files = append(files, 0)
		}
		s := &sums[at]
		s.Read, s.Accepted, s.Duplicates, s.Rejected = s.Read+l.Read, s.Accepted+l.Accepted, s.Duplicates+l.Duplicates, s.Rejected+l.Rejected
		files[at]++
	}
	columns := loadedTable(sums).Columns() // batch_id, kind, source, path, state, counts
	count := table.NewColumn(table.Field{Name: "files", Kind: table.Int}, len(files))
	copy(count.Ints, files)
	return table.New(columns[1], columns[2], columns[4], count, columns[5], columns[6], columns[7], columns[8])
}

func freshOnly(loaded []engine.Loaded) []engine.Loaded {
	var out []engine.Loaded
	for _, l := range loaded {
		if l.State != engine.StateKnown {
			out = append(out, l)
		}
	}
	return out
}

func newScore(a *app) *cobra.Command {
	var asOf, from, every, file string
	var s scoring
	cmd := &cobra.Command{
		Use:   "score",
		Short: "Score every customer as of a day, or fill in past runs",
		Long: `Score every customer as of a day, or as of several, and publish the runs.

Each run keeps its models as small files model.NAME.json: parameters with how sure they are, what the
numbers mean, and the hash of the facts that they were fitted to. With --model such files score
in place of new fits, so that the scores of months, or of another workspace, are on one scale; on the
facts that they were fitted to they give the same scores to the byte. A file that another version
laid out otherwise is refused: score its day again. A
folder of a run stands for all of its files that learned something: RFM cut points, the purchase
model, spend, churn risk. What is not named is fitted as usual. A model that means something else
here (other purchases, currency, churn window, covariates, or of a churn score another purchase
model) is refused. Horizon and discount may differ. models.frozen in clientele.yaml does the same for every run.

--from-file scores a table that others made, a CSV or Parquet file with x, t_x and T (purchase days
after the first; days from the first to the last and to the day of the table) and, for money,
repeat_spend. It prints the scores and publishes nothing.`,
		Example: `  clientele score                                     as of the last day that has facts
  clientele score --as-of 1997-09-30
  clientele score --from 2025-01-31 --every month     one run a month up to the last day
  clientele score --scheme cn8 --horizon 180
  clientele score --model exports/as_of=2026-06-30    by the models of that run
  clientele -C branch score --model shop/exports/current/model.pareto_nbd.json
  clientele score --model exports/current --from-file customers.csv --horizon 90 --format csv > scored.csv`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("every") && from == "" {
				return usageError{errors.New("--every needs --from: see clientele score --help")}
			}
			if from != "" && cmd.Flags().Changed("as-of") {
				return usageError{errors.New("--from and --as-of exclude each other: see clientele score --help")}
			}
			if file != "" && (from != "" || cmd.Flags().Changed("as-of")) {
				return usageError{errors.New("--from-file has its own day: leave out --as-of and --from")}
			}
			e, err := a.open(s.apply)
			if err != nil {
				return err
			}
			if file != "" {
				t, err := e.ScoreFile(cmd.Context(), file)
				if err != nil {
					return err
				}
				return a.rows(t)
			}
			var all []engine.Scored
			if from != "" {
				all, err = e.Backfill(cmd.Context(), from, every)
			} else {
				all = make([]engine.Scored, 1)
				all[0], err = e.Score(cmd.Context(), asOf)
			}
			if err != nil {
				return err
			}
			return a.scored(all)
		},
	}
	f := cmd.Flags()
	asOfFlag(cmd, &asOf)
	f.Var(&day{text: &from}, "from", "first of several days to score, `YYYY-MM-DD`")
	every = "month"
	f.Var(&choice{&every, []string{"day", "week", "month", "quarter", "year"}}, "every", "`STEP` from --from: day, week, month, quarter or year")
	f.StringVar(&file, "from-file", "", "print scores of a table of x, t_x and T instead: `FILE` (needs --model)")
	s.add(cmd)
	f.StringArrayVar(&s.models, "model", nil, "saved model, or folder of a run, that scores instead of a new fit; may be repeated")
	return cmd
}

// published prints the finished run of a night, or what to do when there is none.
func (a *app) published(s engine.Scored) error {
	if s.AsOf == "" {
		a.remark("nothing is scored, as nothing that has a date is loaded: mend the files or the configuration as said above (clientele ingest --dry-run FILE shows how a file is read), and run again")
		return nil
	}
	return a.scored([]engine.Scored{s})
}

// scored prints finished runs: their doubts as remarks, their models as rows.
func (a *app) scored(all []engine.Scored) error {
	if a.format == "json" {
		return writeJSON(a.out, all)
	}
	for _, s := range all {
		for _, w := range s.Warnings {
			if a.log == nil || len(all) > 1 { // a night's are records of their own
				a.remark("as of %s: %s", s.AsOf, w.En)
			}
		}
	}
	if err := a.rows(scoredTable(all)); err != nil {
		return err
	}
	if a.format != "table" || len(all) == 0 {
		return nil
	}
	last := all[len(all)-1]
	if len(last.Models) > 0 { // a run that stands was scored another night
		fmt.Fprintln(a.out)
		if err := a.rows(modelTable(last)); err != nil {
			return err
		}
		a.notes(last)
	}
	fmt.Fprintf(a.out, "\n%s\n", filepath.Join(last.Path, "report.en.html"))
	return nil
}

// notes are what the figures of models mean, where that is worth a sentence. What is
// said of single groups of customers stands in the table models.
func (a *app) notes(s engine.Scored) {
	before := "\n"
	for _, m := range s.Models {
		if _, group, is := strings.Cut(m.Model, "/"); is && group != engine.Groups {
			continue
		}
		for _, n := range m.Notes {
			fmt.Fprintf(a.out, "%s%s: %s\n", before, m.Model, n.En)
			before = ""
		}
	}
}

func scoredTable(all []engine.Scored) *table.Table {
	t := newRows("as_of", "run")
	for _, s := range all {
		t.add(s.AsOf, s.Path)
	}
	out := t.table()
	customers := table.NewColumn(table.Field{Name: "customers", Kind: table.Int}, len(all))
	prospects := table.NewColumn(table.Field{Name: "prospects", Kind: table.Int}, len(all))
	warnings := table.NewColumn(table.Field{Name: "warnings", Kind: table.Int}, len(all))
	for i, s := range all {
		customers.Ints[i], prospects.Ints[i], warnings.Ints[i] = int64(s.Customers), int64(s.Prospects), int64(len(s.Warnings))
	}
	return table.New(out.Columns()[0], customers, prospects, warnings, out.Columns()[1])
}

func modelTable(s engine.Scored) *table.Table {
	t := newRows("model", "status", "method", "parameters")
	rows := &table.Column{Field: table.Field{Name: "rows", Kind: table.Int}}
	likelihood := &table.Column{Field: table.Field{Name: "log_likelihood", Kind: table.Float}}
	for _, m := range s.Models {
		if _, group, is := strings.Cut(m.Model, "/"); is && group != engine.Groups && len(m.Parameters) == 0 {
			continue // a group of customers without a fit of its own
		}
		text := ""
		for k, p := range m.Parameters {
			if k == 4 && len(m.Parameters) > 5 {
				text += " ..."
				break
			}
			text += fmt.Sprintf("%s %.4g  ", p.Name, p.Value)
		}
		t.add(m.Model, string(m.Status), m.Method, text)
		rows.Ints, likelihood.Floats = append(rows.Ints, int64(m.Rows)), append(likelihood.Floats, m.LogLikelihood)
	}
	c := t.table().Columns()
	return table.New(c[0], c[1], c[2], rows, likelihood, c[3])
}

// textRows builds a table of texts.
type textRows struct{ columns []*table.Column }

func newRows(names ...string) *textRows {
	t := &textRows{}
	for _, n := range names {
		t.columns = append(t.columns, &table.Column{Field: table.Field{Name: n, Kind: table.Text}, Texts: table.Strings{Offsets: []int32{0}}})
	}
	return t
}

func (t *textRows) add(values ...string) {
	for i, v := range values {
		t.columns[i].Texts.AppendString(v)
	}
}

func (t *textRows) table() *table.Table { return table.New(t.columns...) }

// writeJSON writes a value as one line of JSON.
func writeJSON(w interface{ Write([]byte) (int, error) }, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// plainJSON is a value as JSON without its line end, in which a rule such as clv > 500
// stands as it was written.
func plainJSON(v any) (string, error) {
	var b strings.Builder
	err := writeJSON(&b, v)
	return strings.TrimSuffix(b.String(), "\n"), err
}
