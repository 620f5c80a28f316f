package main

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"clientele/engine"
)

func newReconcile(a *app) *cobra.Command {
	var source, totals, tolerance string
	var expect []string
	by := "month"
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "Orders, customers and money per source and month, beside your own totals",
		Long: `Add up the orders that count, their customers and their money, by source and month: gross is
before refunds, net after. Orders that are kept and never count stand below, by their status;
those that a rule of exclude leaves out of scoring are sales all the same, and are counted.

--totals compares with a CSV or YAML file of totals that you trust: source, month, orders,
customers, gross, refunds, net, whichever you have. An empty month is all of a source, a month
such as 2024 a year, an empty source all of them. --expect gives one total on the command line.
Exit status 3 when a figure differs by more than the tolerance.`,
		Example: `  clientele reconcile
  clientele reconcile --source shop --by year
  clientele reconcile --totals accounts.csv --tolerance 0.1%
  clientele reconcile --expect source=shop,month=2024-01,orders=1200,net=34567.89`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r := engine.Reconciling{Source: source, By: by, Tolerance: engine.DefaultTolerance()}
			var err error
			if tolerance != "" {
				if r.Tolerance, err = engine.ParseTolerance(tolerance); err != nil {
					return usageError{fmt.Errorf("--%w", err)}
				}
			}
			for _, text := range expect {
				t, err := engine.ParseTotal(text)
				if err != nil {
					return usageError{fmt.Errorf("--expect %w", err)}
				}
				r.Totals = append(r.Totals, t)
			}
			if totals != "" {
				more, err := engine.ReadTotals(totals)
				if err != nil {
					return err
				}
				r.Totals = append(r.Totals, more...)
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			out, err := e.Reconcile(cmd.Context(), r)
			if err != nil && !errors.Is(err, engine.ErrDiffers) {
				return err
			}
			return cmp.Or(a.reconciled(out), err)
		},
	}
	f := cmd.Flags()
	f.StringVar(&source, "source", "", "only this source (default all)")
	f.StringVar(&totals, "totals", "", "`FILE` of totals to compare with, CSV or YAML")
	f.StringArrayVar(&expect, "expect", nil, "a `TOTAL` to compare with: source=shop,month=2024-01,orders=12,net=345.60")
	f.Var(&choice{&by, []string{"month", "year"}}, "by", "`PERIOD` of a row: month or year")
	f.StringVar(&tolerance, "tolerance", "", "how far figures may be apart: an amount of money, or a share such as 1% of any figure (default 0.005, half a cent; counts are equal)")
	return cmd
}

// reconciled prints the figures and, for people, what does not count and how
// many figures agree.
func (a *app) reconciled(out engine.Reconciled) error {
	if a.format == "json" {
		return writeSections(a.out, []engine.Section{{Title: "figures", Table: out.Figures}, {Title: "not_counted", Table: out.NotCounted}})
	}
	if err := a.rows(out.Figures); err != nil || a.format != "table" {
		return err
	}
	if out.NotCounted.Rows() > 0 {
		fmt.Fprintln(a.out, "\nOrders that are kept and do not count, by status:")
		if err := a.rows(out.NotCounted); err != nil {
			return err
		}
	}
	if out.Compared > 0 {
		fmt.Fprintf(a.out, "\n%d of %d figures compared agree.\n", out.Compared-out.Differing, out.Compared)
	}
	return nil
}
