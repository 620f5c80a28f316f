package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"clientele/engine"
	"clientele/engine/config"
	"clientele/engine/table"
)

// auto loads files that say themselves what they are.
func (a *app) auto(ctx context.Context, e *engine.Engine, paths []string, s config.Source, opt *ingestFlags) error {
	found, err := e.Discover(ctx, paths, s, opt.allowRejects)
	if err != nil {
		return err
	}
	if len(opt.mapping) > 0 && len(found.Files) > 1 {
		return usageError{errors.New("--map names the columns of one kind of file, and there are several files: name the kind instead of auto")}
	}
	if alone := found.Files[0]; len(found.Files) == 1 && alone.Err != nil {
		return alone.Err
	}
	switch {
	case opt.dryRun:
		return a.inspect(ctx, e, found, opt)
	case opt.config:
		for _, f := range found.Unrecognised() {
			a.remark("%s: not loaded: %s", f.Path, f.Reason)
		}
		return errors.Join(writeSources(a.out, e.Sources(found)), unrecognised(found, opt.strict))
	}
	loaded, err := e.Load(ctx, found.Loadings)
	if err != nil && !errors.Is(err, engine.ErrRefused) {
		return err
	}
	a.remarkLoaded(a.surprises(found, loaded))
	return errors.Join(a.autoLoaded(found, loaded), err, unrecognised(found, opt.strict))
}

// surprises leaves out of the notes, unless all are wanted, how each file is read:
// in a folder of many files what went wrong would be lost among them. clientele
// batches has them all.
func (a *app) surprises(found engine.Discovered, loaded []engine.Loaded) []engine.Loaded {
	if a.verbose {
		return loaded
	}
	out := slices.Clone(loaded)
	for i := range out {
		at := slices.IndexFunc(found.Files, func(f engine.Found) bool { return f.Path == out[i].Path })
		if at < 0 {
			continue
		}
		out[i].Notes = slices.DeleteFunc(slices.Clone(out[i].Notes), func(n string) bool { return slices.Contains(found.Files[at].Notes, n) })
	}
	return out
}

// unrecognised is the error of files that are not loaded: where one of them is of a
// kind that should be, where all are wanted, or where there is nothing else.
func unrecognised(found engine.Discovered, strict bool) error {
	missing := found.Unrecognised()
	if len(missing) == len(found.Files) || len(missing) > 0 && strict || slices.ContainsFunc(missing, damaged) {
		return engine.ErrUnrecognised
	}
	return nil
}

// damaged reports a file that is known by its header and cannot be read.
func damaged(f engine.Found) bool { return f.Kind != "" }

// autoLoaded prints what became of each file: as one object for programs, else as
// rows, those that are loaded already left out, and what nobody recognises last.
func (a *app) autoLoaded(found engine.Discovered, loaded []engine.Loaded) error {
	missing := found.Unrecognised()
	switch a.format {
	case "json":
		return writeJSON(a.out, struct {
			Loaded       []engine.Loaded `json:"loaded"`
			Unrecognised []engine.Found  `json:"unrecognised"`
		}{append([]engine.Loaded{}, loaded...), append([]engine.Found{}, missing...)})
	case "csv":
		return a.rows(autoTable(found, loaded, missing))
	}
	if fresh := freshOnly(loaded); len(fresh) > 0 {
		if err := a.rows(autoTable(found, fresh, nil)); err != nil {
			return err
		}
		if len(missing) > 0 {
			fmt.Fprintln(a.out)
		}
	}
	return a.missing(missing)
}

// missing lists files that are not loaded, with the reasons.
func (a *app) missing(files []engine.Found) error {
	if len(files) == 0 {
		return nil
	}
	fmt.Fprintf(a.out, "Not loaded (%d):\n", len(files))
	for _, f := range files {
		fmt.Fprintf(a.out, "  %s: %s\n", f.Path, f.Reason)
	}
	return nil
}

// autoTable is a row for each file.
func autoTable(found engine.Discovered, loaded []engine.Loaded, missing []engine.Found) *table.Table {
	var rows []fileRow
	for _, l := range loaded {
		rows = append(rows, fileRow{l.Path, titleOf(found, l), l.Kind, l.Source, l.State, []int64{l.Read, l.Accepted, l.Duplicates, l.Rejected}})
	}
	for _, f := range missing {
		rows = append(rows, missingRow(f))
	}
	return filesTable(rows)
}

// fileRow is what is told of one file: rows are read, accepted, duplicates and
// rejected; nil where nobody counted.
type fileRow struct {
	file, title, kind, source, state string
	rows                             []int64
}

// missingRow is the row of a file that is not loaded.
func missingRow(f engine.Found) fileRow {
	if damaged(f) {
		return fileRow{file: f.Path, kind: f.Kind, state: "not readable"}
	}
	return fileRow{file: f.Path, state: "not recognised"}
}

func filesTable(files []fileRow) *table.Table {
	texts := newRows("file", "recognised_as", "kind", "source", "state")
	var counts []*table.Column
	for _, name := range []string{"read", "accepted", "duplicates", "rejected"} {
		c := table.NewColumn(table.Field{Name: name, Kind: table.Int}, len(files))
		c.Null = make([]bool, len(files))
		counts = append(counts, c)
	}
	for i, f := range files {
		texts.add(f.file, f.title, f.kind, f.source, f.state)
		for k, c := range counts {
			if c.Null[i] = f.rows == nil; !c.Null[i] {
				c.Ints[i] = f.rows[k]
			}
		}
	}
	c := texts.table().Columns()
	return table.New(append(append([]*table.Column{}, c[:4]...), append(counts, c[4])...)...)
}

// titleOf is what the file was recognised as.
func titleOf(found engine.Discovered, l engine.Loaded) string {
	at := slices.IndexFunc(found.Files, func(f engine.Found) bool { return f.Path == l.Path })
	if at < 0 { // one of a folder of partitions
		at = slices.IndexFunc(found.Files, func(f engine.Found) bool { return f.Source == l.Source && f.Kind == l.Kind })
	}
	if at < 0 || found.Files[at].Title == "" {
		return "by its columns"
	}
	return found.Files[at].Title
}

// writeSources writes the block of clientele.yaml that loads the same files in
// every run.
func writeSources(w io.Writer, sources []config.Source) error {
	if len(sources) == 0 {
		_, err := fmt.Fprintln(w, "sources: []")
		return err
	}
	var b strings.Builder
	b.WriteString("sources:\n")
	for _, s := range sources {
		fmt.Fprintf(&b, "  - name: %s\n    kind: %s\n", yamlText(s.Name), s.Kind)
		if len(s.Path) == 1 {
			fmt.Fprintf(&b, "    path: %s\n", yamlText(s.Path[0]))
		} else {
			b.WriteString("    path:\n")
			for _, p := range s.Path {
				fmt.Fprintf(&b, "      - %s\n", yamlText(p))
			}
		}
		for _, o := range []struct{ key, value string }{
			{"format", s.Format}, {"encoding", s.Encoding}, {"delimiter", s.Delimiter}, {"sheet", s.Sheet}, {"dates", s.Dates},
			{"zone", s.Zone}, {"decimal", s.Decimal}, {"amount", s.Amount}, {"id_space", s.IDSpace},
		} {
			if o.value != "" && o.value != config.Auto {
				fmt.Fprintf(&b, "    %s: %s\n", o.key, yamlText(o.value))
			}
		}
		writePairs(&b, "map", s.Map)
		writePairs(&b, "status", s.Status)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writePairs(b *strings.Builder, key string, pairs map[string]string) {
	if len(pairs) == 0 {
		return
	}
	fmt.Fprintf(b, "    %s:\n", key)
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		fmt.Fprintf(b, "      %s: %s\n", yamlText(name), yamlText(pairs[name]))
	}
}

// yamlText is a text in YAML: as it stands where nobody could take it for anything
// else, in quotes otherwise.
func yamlText(s string) string {
	plain := regexp.MustCompile(`^[\p{L}./][\p{L}\p{N}./_-]*$`)
	words := []string{"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
	if plain.MatchString(s) && !slices.Contains(words, strings.ToLower(s)) && s != "." && !strings.HasPrefix(s, "..") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
