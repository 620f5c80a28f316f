package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"clientele/engine"
	"clientele/engine/config"
	"clientele/engine/table"
)

func newIngest(a *app) *cobra.Command {
	opt := ingestFlags{rows: 5}
	cmd := &cobra.Command{
		Use:   "ingest KIND FILE...",
		Short: "Load files into the store, or show what loading them would do",
		Long: `Load files of one kind: orders, order-lines, customers, products, refunds, interactions,
campaigns or responses; CSV, TSV, JSON, JSON lines, XLSX or Parquet, plain, .gz or .zst. FILE
may be a glob in quotes, or a folder.

Columns are recognised by their names, English or Chinese. Of an order only customer and
date are required. A file is loaded whole or not at all; the same file again adds nothing;
rows that overlap with earlier files are known and counted as duplicates.

KIND auto finds out what each file is: exports of Shopify, WooCommerce, Magento, Stripe, Amazon,
Taobao, Youzan, JD, Pinduoduo, Douyin, Klaviyo, Mailchimp, SendGrid and Zendesk by their
columns, other files by columns that tell their kind. FILE may be a folder with all of them, in
folders below it too; folders of partitions KEY=VALUE are one source. Each export is a source
of its name with customer ids of its own (woocommerce:17 is not zendesk:17; e-mail addresses and
telephone numbers join them), also when its KIND is named. Files that nobody recognises are listed with the reason; they
fail the command only with --strict, or when there is no other. Two shops of one platform,
or the same orders in two files, are for you to tell apart: load them one by one with --source.

--dry-run writes nothing: it shows what a file is recognised as, which column is read from
which, its first rows as they would be stored, what would be rejected, and what it adds up to.
It reads the whole file. Without a KIND it finds that out. Rows that are in the store from
other files are not counted as duplicates before they are loaded.

Exit status 3 when a file is, or would be, refused.`,
		Example: `  clientele ingest auto exports                     everything in a folder
  clientele ingest auto exports --config            the sources of clientele.yaml that load it in every run
  clientele ingest --dry-run ExportOrderList.csv    what is this file, and what would become of it?
  clientele ingest orders orders.csv
  clientele ingest orders 'exports/*.csv' --map customer_id=会员号,net=实付
  clientele ingest customers members.jsonl.gz --source crm
  clientele ingest orders legacy.csv --dates dmy --encoding gb18030`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, words []string) error {
			kind, paths, err := opt.words(words)
			if err != nil {
				return err
			}
			var s config.Source
			e, err := a.open(func(c *config.Config) (err error) {
				if opt.timezone != "" {
					c.Timezone = opt.timezone
				}
				if opt.currency != "" {
					c.Currency = opt.currency
				}
				s, err = opt.onto(*c, kind, paths)
				return err
			})
			if err != nil {
				return err
			}
			if kind == config.Auto {
				return a.auto(cmd.Context(), e, paths, s, &opt)
			}
			loadings := []engine.Loading{{Source: s, AllowRejects: opt.allowRejects, FromHere: true, Unnamed: opt.source == "" && !configured(e.Config, s)}}
			if opt.dryRun {
				return a.inspect(cmd.Context(), e, engine.Discovered{Loadings: loadings}, &opt)
			}
			loaded, err := e.Load(cmd.Context(), loadings)
			if err != nil && !errors.Is(err, engine.ErrRefused) {
				return err
			}
			a.remarkLoaded(loaded)
			return errors.Join(a.rows(loadedTable(loaded)), err)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&opt.dryRun, "dry-run", false, "show what would be loaded and what rejected; write nothing")
	flags.IntVar(&opt.rows, "rows", opt.rows, "first rows that --dry-run shows")
	flags.BoolVar(&opt.strict, "strict", false, "with auto: files that nobody recognises fail the command, status 3")
	flags.BoolVar(&opt.config, "config", false, "with auto: print the sources for clientele.yaml instead of loading")
	flags.StringVar(&opt.source, "source", "", "name of the source of the facts (default the export, else the kind)")
	flags.StringSliceVar(&opt.mapping, "map", nil, "columns by hand: `target=column`,...")
	flags.StringSliceVar(&opt.status, "status", nil, "order statuses by hand: `word=status`,... (paid, unpaid, cancelled, refunded ...)")
	flags.StringVar(&opt.format, "input-format", "", strings.Join(config.Formats(), ", ")+" (default found out)")
	flags.StringVar(&opt.encoding, "encoding", "", "utf-8, gb18030, utf-16, latin-1, windows-1252 ... (default found out)")
	flags.StringVar(&opt.delimiter, "delimiter", "", "one character, or tab (default found out)")
	flags.StringVar(&opt.sheet, "sheet", "", "of a workbook: its `NAME` or number (default the first with a table)")
	flags.StringVar(&opt.dates, "dates", "", "order of 03/04/2024: dmy, mdy or ymd; excel: numbers are days (default found out)")
	flags.StringVar(&opt.zone, "zone", "", "time `ZONE` of times that name none (default that of the export, else the business zone)")
	flags.StringVar(&opt.decimal, "decimal", "", "decimal mark: . or , (default found out)")
	flags.StringVar(&opt.idSpace, "id-space", "", "the source has customer ids of its own, in this space")
	flags.StringVar(&opt.timezone, "timezone", "", "business time zone of a new store")
	flags.StringVar(&opt.currency, "currency", "", "reporting currency of a new store")
	flags.BoolVar(&opt.allowRejects, "allow-rejects", false, "load what is good however many rows are bad")
	return cmd
}

// words takes the arguments apart: KIND FILE..., or FILE... for a dry run.
func (opt *ingestFlags) words(words []string) (kind string, paths []string, err error) {
	if opt.rows < 0 {
		return "", nil, usageError{fmt.Errorf("--rows %d: is below zero", opt.rows)}
	}
	kinds := append(config.Kinds(), config.Auto)
	named := slices.Contains(kinds, words[0])
	switch {
	case named && len(words) == 1 && !(opt.dryRun && exists(words[0])):
		return "", nil, usageError{errors.New("the words after ingest should be KIND FILE...: see clientele ingest --help")}
	case opt.dryRun && (!named || len(words) == 1):
		kind, paths = config.Auto, words
	case !named && exists(words[0]):
		return "", nil, usageError{fmt.Errorf("%q is a file, not a kind: clientele ingest auto FILE... finds out what it is", words[0])}
	case !named:
		return "", nil, usageError{fmt.Errorf("kind %q: not %s", words[0], strings.Join(kinds, ", "))}
	default:
		kind, paths = words[0], words[1:]
	}
	if kind != config.Auto && (opt.strict || opt.config) {
		return "", nil, usageError{errors.New("--strict and --config go with clientele ingest auto: see clientele ingest --help")}
	}
	return kind, paths, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// ingestFlags are the flags that describe a source.
type ingestFlags struct {
	source, format, encoding, delimiter, sheet, dates, zone, decimal, idSpace string
	mapping, status                                                           []string
	allowRejects                                                              bool
	timezone, currency                                                        string

	dryRun, strict, config bool
	rows                   int // of a dry run
}

// onto is the source that the flags describe: that of the configuration when
// it has one of the name, with the flags over it.
func (opt *ingestFlags) onto(c config.Config, kind string, paths []string) (config.Source, error) {
	s := config.DefaultSource()
	s.Name = opt.source
	if s.Name == "" {
		s.Name = kind
	}
	for _, known := range c.Sources {
		if known.Name == s.Name && known.Kind == kind {
			s = known
		}
	}
	s.Kind, s.Path = kind, paths
	for _, f := range []struct {
		value string
		to    *string
	}{
		{opt.idSpace, &s.IDSpace}, {opt.format, &s.Format}, {opt.encoding, &s.Encoding},
		{opt.delimiter, &s.Delimiter}, {opt.sheet, &s.Sheet}, {opt.dates, &s.Dates}, {opt.zone, &s.Zone}, {opt.decimal, &s.Decimal},
	} {
		if f.value != "" {
			*f.to = f.value
		}
	}
	for _, p := range []struct {
		flag  string
		words []string
		to    *map[string]string
	}{{"--map", opt.mapping, &s.Map}, {"--status", opt.status, &s.Status}} {
		given, err := pairs(p.flag, p.words)
		if err != nil {
			return s, err
		}
		merged := maps.Clone(*p.to)
		if merged == nil {
			merged = map[string]string{}
		}
		maps.Copy(merged, given)
		*p.to = merged
	}
	c.Sources = []config.Source{s}
	if kind == config.Auto && opt.source == "" {
		s.Name = "" // each file has that of its export
	}
	return s, c.Check()
}

// configured reports whether clientele.yaml has the source.
func configured(c config.Config, s config.Source) bool {
	return slices.ContainsFunc(c.Sources, func(known config.Source) bool { return known.Name == s.Name && known.Kind == s.Kind })
}

// pairs reads a=b words.
func pairs(flag string, words []string) (map[string]string, error) {
	out := map[string]string{}
	for _, w := range words {
		key, value, ok := strings.Cut(w, "=")
		if !ok || key == "" || value == "" {
			return nil, usageError{fmt.Errorf("%s %q: want target=column", flag, w)}
		}
		key = strings.TrimSpace(key)
		if _, twice := out[key]; twice {
			return nil, usageError{fmt.Errorf("%s: %s is given twice", flag, key)}
		}
		out[key] = strings.TrimSpace(value)
	}
	return out, nil
}

// remarkLoaded tells what was inferred and what was wrong: what holds for
// several files of a source is said once, and three bad rows of a source are
// enough to see what is wrong.
func (a *app) remarkLoaded(loaded []engine.Loaded) {
	if a.log != nil {
		a.logLoaded(loaded)
		return
	}
	type note struct{ source, text string }
	several, known := map[note]int{}, 0
	told, rejected, batches := map[string]int{}, map[string]int64{}, map[string][]int{}
	for _, l := range loaded {
		if l.State == engine.StateKnown {
			known++
		}
		for _, n := range l.Notes {
			several[note{l.Source, n}]++
		}
	}
	if known > 1 {
		a.remark("%s files are loaded already: nothing to load from them", grouped(int64(known)))
	}
	for _, l := range loaded {
		if l.State == engine.StateKnown {
			if known == 1 {
				a.remark("%s: loaded already as batch %d: nothing to load from it", l.Path, l.Batch)
			}
			continue
		}
		for _, n := range l.Notes {
			switch count := several[note{l.Source, n}]; {
			case count == 1:
				a.remark("%s: %s", l.Path, n)
			case count > 1:
				a.remark("%s and %d more of source %s: %s", l.Path, count-1, l.Source, n)
			}
			several[note{l.Source, n}] = 0
		}
		for i := range l.Examples {
			if told[l.Source]++; told[l.Source] <= 3 {
				example := l.Examples[i]
				example.Value = engine.ShownValue(example.Column, example.Value)
				a.remark("%s", example.Error())
			}
		}
		if l.State == engine.StateLoaded {
			rejected[l.Source] += l.Rejected
			batches[l.Source] = append(batches[l.Source], l.Batch)
		}
	}
	for _, source := range slices.Sorted(maps.Keys(rejected)) {
		if n := rejected[source] - 3; n > 0 {
			which := ""
			if len(batches[source]) == 1 {
				which = fmt.Sprintf(" %d", batches[source][0])
			}
			word := "rejects"
			if n == 1 {
				word = "reject"
			}
			a.remark("%s more %s of source %s: clientele rejects%s", grouped(n), word, source, which)
		}
	}
}

func loadedTable(loaded []engine.Loaded) *table.Table {
	n := len(loaded)
	batch := table.NewColumn(table.Field{Name: "batch_id", Kind: table.Int}, n)
	texts := map[string]*table.Column{}
	numbers := map[string]*table.Column{}
	for _, name := range []string{"kind", "source", "path", "state"} {
		texts[name] = &table.Column{Field: table.Field{Name: name, Kind: table.Text}, Texts: table.Strings{Offsets: []int32{0}}}
	}
	for _, name := range []string{"read", "accepted", "duplicates", "rejected"} {
		numbers[name] = table.NewColumn(table.Field{Name: name, Kind: table.Int}, n)
	}
	for i, l := range loaded {
		batch.Ints[i] = int64(l.Batch)
		texts["kind"].Texts.AppendString(l.Kind)
		texts["source"].Texts.AppendString(l.Source)
		texts["path"].Texts.AppendString(l.Path)
		texts["state"].Texts.AppendString(l.State)
		numbers["read"].Ints[i], numbers["accepted"].Ints[i] = l.Read, l.Accepted
		numbers["duplicates"].Ints[i], numbers["rejected"].Ints[i] = l.Duplicates, l.Rejected
	}
	return table.New(batch, texts["kind"], texts["source"], texts["path"], texts["state"],
		numbers["read"], numbers["accepted"], numbers["duplicates"], numbers["rejected"])
}
