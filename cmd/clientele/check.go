package main

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"clientele/engine"
	"clientele/engine/table"
)

func newCheck(a *app) *cobra.Command {
	var details string
	var limit int
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the store: rows that are wrong, by check",
		Long: `Run the checks of the program and those under checks in clientele.yaml over the whole store:
values that are missing, stand twice, are not in a list or a range, match no pattern or are not
in another table; days without anything new; loads of unusual size.

One row for each check, with the number of rows that are wrong and the first of them. --details
shows the rows of one check. Exit status 3 when a check of severity error found any; a warning
changes no status. Freshness is counted from the day on which the command runs.`,
		Example: `  clientele check
  clientele check --details order_keys
  clientele check --details "known channels" --limit 0 --format csv > wrong.csv`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 0 {
				return usageError{fmt.Errorf("--limit %d: is below zero", limit)}
			}
			if cmd.Flags().Changed("limit") && details == "" {
				return usageError{errors.New("--limit needs --details: see clientele check --help")}
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("details") {
				wrong, err := e.CheckDetails(cmd.Context(), details, limit)
				if err != nil {
					return err
				}
				return a.rows(wrong)
			}
			checked, err := e.Check(cmd.Context())
			if err != nil && !aboutData(err) {
				return err
			}
			return cmp.Or(a.rows(checkTable(checked)), err)
		},
	}
	f := cmd.Flags()
	f.StringVar(&details, "details", "", "the rows that the check of this `NAME` finds wrong")
	f.IntVar(&limit, "limit", 100, "rows of --details at most; 0: all")
	return cmd
}

// checkTable is one row for each check.
func checkTable(checked engine.Checked) *table.Table {
	t := newRows("check", "table", "column", "severity", "example")
	failed := table.NewColumn(table.Field{Name: "failed", Kind: table.Int}, len(checked))
	for i, c := range checked {
		t.add(c.Name, c.Table, c.Column, c.Severity, c.Example)
		failed.Ints[i] = c.Failed
	}
	c := t.table().Columns()
	return table.New(c[0], c[1], c[2], c[3], failed, c[4])
}
