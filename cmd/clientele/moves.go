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

func newSegmentMoves(a *app) *cobra.Command {
	var from, to, section, every string
	var last int
	lang := "en"
	cmd := &cobra.Command{
		Use:   "moves SCHEME",
		Short: "Who went from which segment to which one between two runs",
		Long: `Compare the segments of a scheme (rfm, "rfm cn8", lifecycle, churn, cluster, own) between two runs,
by default the last two. Customers are those of today: ids that were joined since count once.

The sections: segments (of each: how many were in it, stayed, left, entered, and of those who are not
scored any more and who are new), matrix (a row for each segment before, a column for each segment now),
shares (of each row), moves (the same as a list, with what would be expected if the segment before said
nothing, and with the CLV of those who moved on both days), and test (chi-square and Cramer's V of those
who had a segment both times). Places outside the segments are (new), (gone) and (none): not scored
before, not scored any more, and scored without a segment. Segments of scheme own may share customers,
so there are no moves from one to another: of these there is the section segments alone.

--last N follows a scheme over the last N runs instead: every move between each run and the next.`,
		Example: `  clientele segment moves lifecycle
  clientele segment moves rfm --from 2026-05-31 --to 2026-06-30 --lang zh
  clientele segment moves churn --section matrix
  clientele segment moves "rfm cn8" --format csv > moves.csv
  clientele segment moves lifecycle --last 6 --every month --format csv > flows.csv`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if section != "" && !slices.Contains(engine.MovesSections(), section) {
				return usageError{fmt.Errorf("--section %s: the sections are %s", section, strings.Join(engine.MovesSections(), ", "))}
			}
			if err := exclude(cmd, "last", "from", "section"); err != nil {
				return err
			}
			if cmd.Flags().Changed("every") && !cmd.Flags().Changed("last") {
				return usageError{errors.New("--every needs --last")}
			}
			if cmd.Flags().Changed("last") && last < 2 {
				return usageError{fmt.Errorf("--last %d: two runs are needed at least", last)}
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			if last > 0 {
				flows, err := e.Flows(cmd.Context(), list[0], engine.Span{To: to, Every: every, Last: last})
				if err != nil {
					return err
				}
				a.remarkWarnings(flows.Warnings, lang)
				return a.rows(flows.Table())
			}
			m, err := e.Moves(cmd.Context(), list[0], from, to)
			if err != nil {
				return err
			}
			return a.movesShown(m, section, lang)
		},
	}
	f := cmd.Flags()
	f.Var(&day{&from, nil}, "from", "the run before, `YYYY-MM-DD` (default the run before the other one)")
	f.Var(&day{&to, nil}, "to", "the run after, `YYYY-MM-DD` (default the current run)")
	f.IntVar(&last, "last", 0, "follow the scheme over the last `N` runs")
	f.Var(&choice{&every, engine.Intervals()}, "every", "with --last: of each run, week or month one run, the last (default run)")
	f.StringVar(&section, "section", "", "print one section: "+strings.Join(engine.MovesSections(), ", "))
	f.Var(&choice{&lang, []string{"en", "zh"}}, "lang", "of sentences: en or zh")
	return cmd
}

// exclude refuses flags beside another one.
func exclude(cmd *cobra.Command, flag string, others ...string) error {
	for _, other := range others {
		if cmd.Flags().Changed(flag) && cmd.Flags().Changed(other) {
			return usageError{fmt.Errorf("--%s and --%s exclude each other", flag, other)}
		}
	}
	return nil
}

// told is a sentence in a language.
func told(w engine.Sentence, lang string) string {
	if lang == "zh" {
		return w.Zh
	}
	return w.En
}

// remarkWarnings tells people of doubts about rows that follow.
func (a *app) remarkWarnings(list []engine.Sentence, lang string) {
	for _, w := range list {
		a.remark("%s", told(w, lang))
	}
}

// movesShown prints moves: in words and the tables that people want first, one section,
// or everything as JSON. As CSV they are the list of moves, or what became of segments.
func (a *app) movesShown(m *engine.Moves, section, lang string) error {
	if section == "" && a.format == "csv" {
		if section = "moves"; m.Overlaps {
			section = "segments"
		}
	}
	head := struct {
		Scheme   string            `json:"scheme"`
		From     string            `json:"from"`
		To       string            `json:"to"`
		Verdict  engine.Sentence   `json:"verdict"`
		Words    []engine.Sentence `json:"words"`
		Warnings []engine.Sentence `json:"warnings"`
	}{m.Scheme, m.From.String(), m.To.String(), m.Verdict, append([]engine.Sentence{}, m.Words...), append([]engine.Sentence{}, m.Warnings...)}
	return a.answer(answer{
		name: "moves", head: head, verdict: m.Verdict, words: m.Words, warnings: m.Warnings, sections: m.Sections,
		brief: []string{"segments", "matrix", "shares", "test"}, lacks: m.Scheme + " may share customers between segments",
	}, section, lang)
}

// answer is a result of several tables with sentences about them.
type answer struct {
	name     string // of the head in JSON
	head     any
	verdict  engine.Sentence
	words    []engine.Sentence
	warnings []engine.Sentence
	sections []engine.Section
	brief    []string // the sections that people are shown unless they ask for one
	lacks    string   // why a section may not be there
}

// answer prints a result: one section, or all of it as JSON, or for people.
func (a *app) answer(r answer, section, lang string) error {
	if section != "" {
		i := slices.IndexFunc(r.sections, func(s engine.Section) bool { return s.Title == section })
		if i < 0 {
			return fmt.Errorf("no section %s: %s", section, r.lacks)
		}
		a.remarkWarnings(r.warnings, lang)
		return a.rows(r.sections[i].Table)
	}
	if a.format == "json" {
		text, err := plainJSON(r.head)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.out, `{%q: %s, "sections": `, r.name, text)
		if err := writeSections(a.out, r.sections); err != nil {
			return err
		}
		_, err = fmt.Fprintln(a.out, "}")
		return err
	}
	fmt.Fprintln(a.out, told(r.verdict, lang))
	for _, w := range slices.Concat(r.words, r.warnings) {
		fmt.Fprintln(a.out, "- "+told(w, lang))
	}
	fmt.Fprintln(a.out)
	shown := slices.DeleteFunc(slices.Clone(r.sections), func(s engine.Section) bool { return !slices.Contains(r.brief, s.Title) })
	return a.sections(a.titled(shown, lang))
}

func newSegmentHistory(a *app) *cobra.Command {
	var r engine.HistoryReading
	lang := "en"
	cmd := &cobra.Command{
		Use:   "history [SEGMENT]",
		Short: "Segments over all runs: size, who entered, left and stayed, worth",
		Long: `How a segment, or every one, changed over the runs: how many customers it has on each day and what
share of all, and beside the run before how many entered (and of them were not scored before: new), left
(and of them are not scored any more: gone) and stayed; the net revenue and the CLV of its members
together. Of the first run nothing stands before. Customers are those of today: ids that were joined
since count once. With --every month only the last run of each month is taken.`,
		Example: `  clientele segment history "At Risk"
  clientele segment history --scheme lifecycle --every month
  clientele segment history --format csv > history.csv`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if len(list) == 1 {
				if r.Segment = list[0]; r.Scheme != "" {
					return usageError{errors.New("SEGMENT and --scheme exclude each other: SCHEME/SEGMENT names both")}
				}
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			h, err := e.History(cmd.Context(), r)
			if err != nil {
				return err
			}
			a.remarkWarnings(h.Warnings, lang)
			return a.rows(h.Table())
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.Scheme, "scheme", "", "segments of one scheme: rfm, \"rfm cn8\", lifecycle, churn, cluster, own")
	f.Var(&day{&r.Span.From, nil}, "from", "runs from that day on, `YYYY-MM-DD`")
	f.Var(&day{&r.Span.To, nil}, "to", "runs up to that day, `YYYY-MM-DD`")
	f.Var(&choice{&r.Span.Every, engine.Intervals()}, "every", "of each run, week or month one run, the last (default run)")
	f.Var(&choice{&lang, []string{"en", "zh"}}, "lang", "of remarks: en or zh")
	return cmd
}

// shownRows is how many rows of a long list people are shown unless they ask for all.
const shownRows = 20

func newSegmentOverlap(a *app) *cobra.Command {
	var asOf, section string
	lang := "en"
	cmd := &cobra.Command{
		Use:   "overlap [SEGMENT...]",
		Short: "Which segments have how many customers in common",
		Long: `How many customers of one run segments of any schemes have in common: those named, or all.

The sections: counts (customers in both; in the diagonal the sizes), shares (of the row's segment),
jaccard (of those in either, the share in both), lift (how many times as many are in both as if one
segment said nothing of the other), and pairs (the same as a list, those most alike first). Without
SEGMENT people are shown the first pairs of the list, without pairs of segments that cannot meet.`,
		Example: `  clientele segment overlap
  clientele segment overlap Champions active low
  clientele segment overlap "rfm grid125/Lost" lifecycle/lost --section lift
  clientele segment overlap --format csv > overlap.csv`,
		Args: args(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, list []string) error {
			if section != "" && !slices.Contains(engine.OverlapSections(), section) {
				return usageError{fmt.Errorf("--section %s: the sections are %s", section, strings.Join(engine.OverlapSections(), ", "))}
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			o, err := e.Overlap(cmd.Context(), asOf, list)
			if err != nil {
				return err
			}
			return a.overlapShown(o, section, len(list) == 0, lang)
		},
	}
	runFlag(cmd, &asOf)
	cmd.Flags().StringVar(&section, "section", "", "print one section: "+strings.Join(engine.OverlapSections(), ", "))
	cmd.Flags().Var(&choice{&lang, []string{"en", "zh"}}, "lang", "of tables for people: en or zh")
	return cmd
}

// overlapShown prints what segments have in common.
func (a *app) overlapShown(o *engine.Overlaps, section string, all bool, lang string) error {
	if section == "" && a.format == "csv" {
		section = "pairs"
	}
	switch {
	case section == "pairs":
		return a.rows(a.worded(o.Section(section), lang, headsZh()))
	case section != "":
		return a.rows(o.Section(section)) // its heads are segments
	case a.format == "json":
		return a.sections(o.Sections)
	case all:
		return a.rows(a.worded(a.first(o.Section("pairs"), shownRows, "pairs", lang), lang, headsZh()))
	}
	shown := slices.DeleteFunc(slices.Clone(o.Sections), func(s engine.Section) bool { return s.Title == "shares" || s.Title == "jaccard" || s.Title == "lift" })
	for i, s := range shown {
		if s.Title == "pairs" {
			shown[i].Table = a.worded(s.Table, lang, headsZh())
		}
	}
	return a.sections(a.titled(shown, lang))
}

// first are the first rows of a table, and a remark about the others.
func (a *app) first(t *table.Table, n int, section, lang string) *table.Table {
	if t.Rows() <= n {
		return t
	}
	if lang == "zh" {
		a.remark("只显示前 %d 行，共 %d 行：--section %s 显示全部", n, t.Rows(), section)
	} else {
		a.remark("%d of %d %s: --section %s prints all", n, t.Rows(), section, section)
	}
	return t.Slice(0, n)
}

func newSegmentProfile(a *app) *cobra.Command {
	var asOf, section string
	lang := "en"
	cmd := &cobra.Command{
		Use:   "profile SEGMENT",
		Short: "What sets a segment apart from all other customers",
		Long: `Compare a segment with all other customers of a run.

The sections: effects (every column, the strongest effect first); numbers (means and medians inside and
in the rest, Cohen's d, and the rank-biserial correlation: how much more often somebody inside has the
greater value than somebody of the rest, less how much more seldom); words (shares of each word inside
and in the rest; lift is the share inside over that of all customers; Cramer's V). Effects are ranked by
rank-biserial correlation for numbers, which long tails of money do not sway, and by Cramer's V for
words; p are corrected for all columns together (Benjamini-Hochberg). The column that the segment is
made of is left out; columns that follow from it, such as recency for At Risk, are not.`,
		Example: `  clientele segment profile "At Risk"
  clientele segment profile lifecycle/lost --lang zh
  clientele segment profile Champions --section words --format csv > champions.csv`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if section != "" && !slices.Contains(engine.ProfileSections(), section) {
				return usageError{fmt.Errorf("--section %s: the sections are %s", section, strings.Join(engine.ProfileSections(), ", "))}
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			p, err := e.Profile(cmd.Context(), asOf, list[0])
			if err != nil {
				return err
			}
			head := struct {
				Scheme    string          `json:"scheme"`
				Segment   string          `json:"segment"`
				AsOf      string          `json:"as_of"`
				Customers int64           `json:"customers"`
				Rest      int64           `json:"rest"`
				Verdict   engine.Sentence `json:"verdict"`
			}{p.Scheme, p.Segment, p.AsOf.String(), p.Customers, p.Rest, p.Verdict}
			if section == "" && a.format == "csv" {
				section = "effects"
			}
			if a.format == "table" {
				p.Sections = p.SectionsIn(lang)
			}
			if section == "" && a.format == "table" {
				words := &p.Sections[slices.IndexFunc(p.Sections, func(s engine.Section) bool { return s.Title == "words" })]
				words.Table = a.first(words.Table, shownRows, "words", lang)
			}
			for i := range p.Sections {
				p.Sections[i].Table = a.worded(p.Sections[i].Table, lang, profileHeadsZh())
			}
			return a.answer(answer{name: "profile", head: head, verdict: p.Verdict, sections: p.Sections, brief: engine.ProfileSections()}, section, lang)
		},
	}
	runFlag(cmd, &asOf)
	cmd.Flags().StringVar(&section, "section", "", "print one section: "+strings.Join(engine.ProfileSections(), ", "))
	cmd.Flags().Var(&choice{&lang, []string{"en", "zh"}}, "lang", "of sentences: en or zh")
	return cmd
}
