package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"clientele/engine"
)

func newExport(a *app) *cobra.Command {
	var asOf, to string
	var formats []string
	cmd := &cobra.Command{
		Use:   "export --to DIR",
		Short: "Copy the data files of a run to a folder, as Parquet or CSV",
		Example: `  clientele export --to /srv/bi
  clientele export --to out --formats csv --as-of 2026-06-30`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if to == "" {
				return usageError{errors.New("--to DIR is needed: see clientele export --help")}
			}
			for _, f := range formats {
				if !slices.Contains(engine.Formats(), f) {
					return usageError{fmt.Errorf("--formats %q: not %s", f, strings.Join(engine.Formats(), " or "))}
				}
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			written, err := e.Export(cmd.Context(), asOf, to, formats)
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
	cmd.Flags().StringSliceVar(&formats, "formats", []string{"parquet"}, "parquet, csv or both")
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
