package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"clientele/engine/config"
	"clientele/engine/list"
	"clientele/engine/table"
	"clientele/engine/workspace"
)

// Why a run stays.
const (
	keptAll      = "all"      // no rule is set
	keptRuns     = "runs"     // keep.runs
	keptDays     = "days"     // keep.days
	keptMonths   = "months"   // keep.months
	keptCurrent  = "current"  // the current run
	keptShown    = "report"   // the report of the current run shows it
	keptList     = "list"     // a target list was cut from it
	keptSettings = "settings" // models.frozen or clusters.match name it
	keptModel    = "model"    // a run that stays was scored with a model of it
)

// fates says of each run why it stays: "" for one that goes. runs are by date.
func fates(keep config.Keep, runs []workspace.Run, referred map[string]string) (map[string]string, error) {
	fate := map[string]string{}
	if len(runs) == 0 {
		return fate, nil
	}
	last := runs[len(runs)-1].AsOf
	if err := keepByRules(keep, runs, fate); err != nil {
		return nil, err
	}
	for day, why := range referred {
		if fate[day] == "" {
			fate[day] = why
		}
	}
	fate[last] = keptCurrent
	// Models of runs that stay: from the newest to the oldest, since a model is of
	// an earlier run, mostly; again until nothing is added, since it may be of a later one.
	for added := true; added; {
		added = false
		for _, run := range slices.Backward(runs) {
			if fate[run.AsOf] == "" {
				continue
			}
			for _, m := range run.Manifest.Models {
				if fate[m.AsOf] == "" {
					fate[m.AsOf], added = keptModel, true
				}
			}
		}
	}
	return fate, nil
}

// keepByRules marks the runs that a rule of the configuration keeps.
func keepByRules(keep config.Keep, runs []workspace.Run, fate map[string]string) error {
	newest, err := ParseDay(runs[len(runs)-1].AsOf)
	if err != nil {
		return err
	}
	months := map[string]bool{}
	for i, run := range slices.Backward(runs) {
		day, err := ParseDay(run.AsOf)
		if err != nil {
			return err
		}
		month := run.AsOf[:len("2006-01")]
		switch {
		case !keep.Set():
			fate[run.AsOf] = keptAll
		case len(runs)-i <= keep.Runs:
			fate[run.AsOf] = keptRuns
		case keep.Days > 0 && int(newest-day) <= keep.Days:
			fate[run.AsOf] = keptDays
		case !months[month] && len(months) < keep.Months:
			fate[run.AsOf] = keptMonths
		}
		months[month] = true
	}
	return nil
}

// referred are the days of runs that something else needs, and what.
func (e *Engine) referred(runs []workspace.Run) (map[string]string, error) {
	out := map[string]string{}
	if len(runs) > 0 {
		for _, s := range runs[len(runs)-1].Manifest.Shown {
			if s.Kind == "run" {
				day, _, _ := strings.Cut(s.Name, " ")
				out[day] = keptShown
			}
		}
	}
	lists, err := list.All(e.path(workspace.ListsName))
	if err != nil {
		return nil, err
	}
	for _, l := range lists {
		out[l.Manifest.AsOf] = keptList
	}
	if match := e.Config.Clusters.Match; match != "" {
		out[match] = keptSettings
	}
	for _, path := range e.Config.Models.Frozen {
		if !filepath.IsAbs(path) {
			path = e.path(path)
		}
		if day := runOfPath(path); day != "" {
			out[day] = keptSettings
		}
	}
	return out, nil
}

// runOfPath is the day of the run whose folder a path goes through, "" where it
// goes through none.
func runOfPath(path string) string {
	named := filepath.ToSlash(path)
	if resolved, err := filepath.EvalSymlinks(path); err == nil { // exports/current, and what links elsewhere
		named += "/" + filepath.ToSlash(resolved)
	}
	parts := strings.Split(named, "/")
	for i, part := range parts {
		if day, ok := strings.CutPrefix(part, "as_of="); ok {
			return day
		}
		if i > 0 && parts[i-1] == ".runs" && len(part) > len("2006-01-02") {
			return part[:len("2006-01-02")]
		}
	}
	return ""
}

// retain lets go of the runs that keep does not keep, and returns their days.
func (e *Engine) retain(lock *workspace.Lock, dry bool) ([]string, error) {
	if !e.Config.Keep.Set() {
		return nil, nil
	}
	runs, fate, err := e.fates()
	if err != nil {
		return nil, fmt.Errorf("keep: %w", err)
	}
	var gone []string
	for _, run := range runs {
		if fate[run.AsOf] == "" {
			gone = append(gone, run.AsOf)
		}
	}
	if dry || len(gone) == 0 {
		return gone, nil
	}
	return gone, lock.RemoveRuns(gone)
}

func (e *Engine) fates() ([]workspace.Run, map[string]string, error) {
	runs, err := workspace.Runs(e.Dir)
	if err != nil {
		return nil, nil, err
	}
	referred, err := e.referred(runs)
	if err != nil {
		return nil, nil, err
	}
	fate, err := fates(e.Config.Keep, runs, referred)
	return runs, fate, err
}

// Prune lets go of the runs that keep does not keep, and returns their days. Dry,
// it only says which.
func (e *Engine) Prune(ctx context.Context, dry bool) ([]string, error) {
	if dry {
		return e.retain(nil, true)
	}
	var gone []string
	err := e.locked(func(lock *workspace.Lock) error {
		if err := ended(ctx); err != nil {
			return err
		}
		var err error
		gone, err = e.retain(lock, false)
		return err
	})
	return gone, err
}

// Runs are the finished runs by date: as_of, files, bytes, customers, warnings,
// kept (why keep lets it stay; empty: it goes with the next run), program.
func (e *Engine) Runs() (*table.Table, error) {
	runs, fate, err := e.fates()
	if err != nil {
		return nil, err
	}
	text := func(name string) *table.Column {
		return table.NewColumn(table.Field{Name: name, Kind: table.Text}, 0)
	}
	number := func(name, unit string) *table.Column {
		return table.NewColumn(table.Field{Name: name, Kind: table.Int, Unit: unit}, len(runs))
	}
	asOf, kept, program := text("as_of"), text("kept"), text("program")
	files, bytes, customers, warnings := number("files", ""), number("bytes", ""), number("customers", ""), number("warnings", "")
	for i, run := range runs {
		asOf.Texts.AppendString(run.AsOf)
		kept.Texts.AppendString(fate[run.AsOf])
		program.Texts.AppendString(run.Manifest.Program)
		files.Ints[i], warnings.Ints[i] = int64(len(run.Manifest.Files)), int64(len(run.Manifest.Warnings))
		for _, f := range run.Manifest.Files {
			bytes.Ints[i] += f.Bytes
			if f.Name == "scores.parquet" && f.Rows != nil {
				customers.Ints[i] = *f.Rows
			}
		}
	}
	return table.New(asOf, files, bytes, customers, warnings, kept, program), nil
}
