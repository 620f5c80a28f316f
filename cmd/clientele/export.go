package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"clientele/engine"
)

func newExport(a *app) *cobra.Command {
	var asOf, to string
	var formats []string
	var raw bool
	cmd := &cobra.Command{
		Use:   "export --to DIR",
		Short: "Copy the data files of a run to a folder, as Parquet, CSV or a workbook",
		Long: `Copy the data files of a run to a folder: scores, customers, segment_members, totals, reasons and
models, with the dictionary that says what every column means. xlsx is one workbook, ` + engine.WorkbookName + `,
with a sheet for each file and one for the dictionary: ids are texts, dates are dates, nothing is a
formula. A sheet holds 1,048,575 rows and a heading; what is more goes on on a further sheet, such
as scores (2).

In a CSV, texts that a spreadsheet would run as a formula have an apostrophe before them; --raw
leaves them as they are, for programs. Parquet has them as they are.`,
		Example: `  clientele export --to /srv/bi
  clientele export --to out --format csv,xlsx --as-of 2026-06-30`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if to == "" {
				return usageError{errors.New("--to DIR is needed: see clientele export --help")}
			}
			for _, f := range formats {
				if !slices.Contains(engine.Formats(), f) {
					return usageError{fmt.Errorf("--format %q: not %s", f, strings.Join(engine.Formats(), ", "))}
				}
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			written, err := e.Export(cmd.Context(), asOf, to, formats, raw)
			if err != nil {
				return err
			}
			for _, path := range written {
				fmt.Fprintln(a.out, path)
			}
			return nil
		},
	}
	runFlag(cmd, &asOf)
	cmd.Flags().StringVar(&to, "to", "", "the folder, made when it is not there")
	cmd.Flags().StringSliceVar(&formats, "format", []string{"parquet"}, "of the files: "+strings.Join(engine.Formats(), ", ")+", or several")
	cmd.Flags().BoolVar(&raw, "raw", false, "texts of a CSV as they are, also those that a spreadsheet would run")
	cmd.Flags().SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "formats" { // as it was called
			name = "format"
		}
		return pflag.NormalizedName(name)
	})
	return cmd
}

func newReport(a *app) *cobra.Command {
	var asOf, to, lang string
	cmd := &cobra.Command{
		Use:   "report --to FILE.html",
		Short: "Copy the HTML report of a run to a file",
		Example: `  clientele report --to board.html
  clientele report --to 报告.html --lang zh`,
		Args: args(cobra.NoArgs),
		RunE: func(_ *cobra.Command, _ []string) error {
			if to == "" {
				return usageError{errors.New("--to FILE.html is needed: see clientele report --help")}
			}
			if lang != "en" && lang != "zh" {
				return usageError{fmt.Errorf("--lang %q: not en or zh", lang)}
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			if err := e.Report(asOf, lang, to); err != nil {
				return err
			}
			fmt.Fprintln(a.out, to)
			return nil
		},
	}
	runFlag(cmd, &asOf)
	cmd.Flags().StringVar(&to, "to", "", "the file")
	cmd.Flags().StringVar(&lang, "lang", "en", "en or zh")
	return cmd
}
