package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"clientele/engine"
	"clientele/engine/config"
	"clientele/engine/table"
)

func newIngest(a *app) *cobra.Command {
	var opt ingestFlags
	cmd := &cobra.Command{
		Use:   "ingest KIND FILE...",
		Short: "Load files into the store",
		Long: `Load files of one kind: orders, order-lines, customers, products, refunds, interactions,
campaigns or responses; CSV, TSV, JSON lines or Parquet, plain or .gz. FILE may be a
glob in quotes, or a folder.

Columns are recognised by their names, English or Chinese. Of an order only customer and
date are required. A file is loaded whole or not at all; the same file again adds nothing;
rows that overlap with earlier files are known and counted as duplicates.`,
		Example: `  clientele ingest orders orders.csv
  clientele ingest orders 'exports/*.csv' --map customer_id=会员号,net=实付
  clientele ingest customers members.jsonl.gz --source crm
  clientele ingest orders legacy.csv --dates dmy --encoding gb18030`,
		Args: args(cobra.MinimumNArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(config.Kinds(), args[0]) {
				return usageError{fmt.Errorf("kind %q: not %s", args[0], strings.Join(config.Kinds(), ", "))}
			}
			var s config.Source
			e, err := a.open(func(c *config.Config) (err error) {
				if opt.timezone != "" {
					c.Timezone = opt.timezone
				}
				if opt.currency != "" {
					c.Currency = opt.currency
				}
				s, err = opt.onto(*c, args[0], args[1:])
				return err
			})
			if err != nil {
				return err
			}
			loaded, err := e.Load(cmd.Context(), []engine.Loading{{Source: s, AllowRejects: opt.allowRejects, FromHere: true}})
			if err != nil && !errors.Is(err, engine.ErrRefused) {
				return err
			}
			a.remarkLoaded(loaded)
			return errors.Join(a.rows(loadedTable(loaded)), err)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&opt.source, "source", "", "name of the source of the facts (default the kind)")
	flags.StringSliceVar(&opt.mapping, "map", nil, "columns by hand: `target=column`,...")
	flags.StringSliceVar(&opt.status, "status", nil, "order statuses by hand: `word=status`,... (paid, unpaid, cancelled, refunded ...)")
	flags.StringVar(&opt.format, "input-format", "", "csv, tsv, jsonl or parquet (default found out)")
	flags.StringVar(&opt.encoding, "encoding", "", "utf-8 or gb18030 (default found out)")
	flags.StringVar(&opt.delimiter, "delimiter", "", "one character, or tab (default found out)")
	flags.StringVar(&opt.dates, "dates", "", "order of 03/04/2024: dmy, mdy or ymd (default found out)")
	flags.StringVar(&opt.decimal, "decimal", "", "decimal mark: . or , (default found out)")
	flags.StringVar(&opt.idSpace, "id-space", "", "the source has customer ids of its own, in this space")
	flags.StringVar(&opt.timezone, "timezone", "", "business time zone of a new store")
	flags.StringVar(&opt.currency, "currency", "", "reporting currency of a new store")
	flags.BoolVar(&opt.allowRejects, "allow-rejects", false, "load what is good however many rows are bad")
	return cmd
}

// ingestFlags are the flags that describe a source.
type ingestFlags struct {
	source, format, encoding, delimiter, dates, decimal, idSpace string
	mapping, status                                              []string
	allowRejects                                                 bool
	timezone, currency                                           string
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
		{opt.delimiter, &s.Delimiter}, {opt.dates, &s.Dates}, {opt.decimal, &s.Decimal},
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
	return s, c.Check()
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
		a.remark("%s files are loaded already: nothing to do", grouped(int64(known)))
	}
	for _, l := range loaded {
		if l.State == engine.StateKnown {
			if known == 1 {
				a.remark("%s: loaded already as batch %d: nothing to do", l.Path, l.Batch)
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
				a.remark("%s", l.Examples[i].Error())
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
