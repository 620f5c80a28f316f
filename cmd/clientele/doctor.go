package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"clientele/engine"
)

func newDoctor(a *app) *cobra.Command {
	lang := "en"
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look at everything that the nightly job needs, and say what to do",
		Long: `Look at the workspace and the machine: configuration, rights, lock, leftovers of killed processes,
write-ahead log, store, current run, space against need, limits, memory, time zone, clock, sources
and passwords, other files, outputs, fonts. Nothing is changed, and no database is asked.

Each line is ok, warn (somebody should look) or fail (the nightly job does not work, or soon will
not), and says what to do. Of the store it looks at whether it opens, of the current run at the
sizes of its files: clientele verify compares every byte. Exit status 1 when anything fails. Tables are in the language of --lang;
CSV and JSON have both.`,
		Example: `  clientele doctor
  clientele -C /data/shop doctor --lang zh
  clientele doctor --format json`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !isFormat(a.format) {
				return usageError{fmt.Errorf("--format %q: not table, csv or json", a.format)}
			}
			found := engine.Diagnose(cmd.Context(), a.dir, a.now, version, os.Getenv)
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			return a.printFindings(found, lang)
		},
	}
	cmd.Flags().Var(&choice{&lang, []string{"en", "zh"}}, "lang", "of findings: en or zh")
	return cmd
}

func (a *app) printFindings(found []engine.Finding, lang string) error {
	failed := 0
	for _, f := range found {
		if f.State == engine.FindingFail {
			failed++
		}
	}
	if err := a.writeFindings(found, lang); err != nil || failed == 0 {
		return err
	}
	return errors.New(verdictOf(failed, len(found), lang))
}

// verdictOf says how many of the things that were looked at fail.
func verdictOf(failed, all int, lang string) string {
	switch {
	case lang == "zh" && all == 1:
		return "检查未通过：请按上面的提示处理"
	case lang == "zh":
		return fmt.Sprintf("%d 项检查中有 %d 项未通过：请按各行提示处理", all, failed)
	case all == 1:
		return "what was looked at fails: do as the line says"
	case failed == 1:
		return fmt.Sprintf("1 of %d things that were looked at fails: do as the line says", all)
	}
	return fmt.Sprintf("%d of %d things that were looked at fail: do as the lines say", failed, all)
}

func (a *app) writeFindings(found []engine.Finding, lang string) error {
	switch a.format {
	case "json":
		return writeJSON(a.out, found)
	case "csv":
		t := newRows("check", "check_zh", "state", "en", "zh", "do_en", "do_zh")
		for _, f := range found {
			t.add(f.Check, f.CheckZh, f.State, f.En, f.Zh, f.DoEn, f.DoZh)
		}
		return a.rows(t.table())
	}
	for _, f := range found {
		what, do := f.Check+": "+f.En, f.DoEn
		if lang == "zh" {
			what, do = f.CheckZh+"："+f.Zh, f.DoZh
		}
		if do != "" {
			do = "\n      → " + do
		}
		if _, err := fmt.Fprintf(a.out, "%-4s  %s%s\n", f.State, what, do); err != nil {
			return err
		}
	}
	return nil
}
