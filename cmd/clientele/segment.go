package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"clientele/engine"
)

func newSegment(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "segment",
		Short: "Named segments: list, show, check",
		Example: `  clientele segment list
  clientele segment show "At Risk"
  clientele segment check cn8`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSegmentList(a), newSegmentShow(a), newSegmentCheck(a))
	return cmd
}

func newSegmentList(a *app) *cobra.Command {
	var asOf string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "Segments of a run with their size and worth",
		Example: `  clientele segment list --as-of 2026-06-30`,
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			t, err := e.Segments(cmd.Context(), asOf)
			if err != nil {
				return err
			}
			return a.rows(t)
		},
	}
	runFlag(cmd, &asOf)
	return cmd
}

func newSegmentShow(a *app) *cobra.Command {
	var asOf string
	var limit int
	cmd := &cobra.Command{
		Use:   "show SEGMENT",
		Short: "Customers of a segment, the most valuable first",
		Example: `  clientele segment show "At Risk"
  clientele segment show 重要价值客户 --limit 0 --format csv > vip.csv`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if limit < 0 {
				return usageError{fmt.Errorf("--limit %d: is below zero", limit)}
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			t, err := e.SegmentMembers(cmd.Context(), asOf, list[0], limit)
			if err != nil {
				return err
			}
			return a.rows(t)
		},
	}
	runFlag(cmd, &asOf)
	cmd.Flags().IntVar(&limit, "limit", 20, "rows at most; 0: all")
	return cmd
}

func newSegmentCheck(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "check [SCHEME]",
		Short: "Prove that an RFM scheme names every code once, or list where not",
		Long: `List the codes that a scheme leaves without a name, those that it names twice, and names that
no customer can get, one a row. Without SCHEME the configured one is checked, with its own cut points.
Exit status 3 when the scheme is no partition.`,
		Example: `  clientele segment check
  clientele segment check r-rfm-0.2`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, list []string) error {
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			scheme := ""
			if len(list) == 1 {
				scheme = list[0]
			}
			result, err := e.CheckSegments(scheme)
			if err != nil {
				return usageError{err}
			}
			if a.format == "table" { // people get the verdict in a sentence first
				if _, err := fmt.Fprintln(a.out, result); err != nil || result.Partition() {
					return err
				}
			}
			if err := a.rows(result.Faults()); err != nil || result.Partition() {
				return err
			}
			return errors.Join(engine.ErrRefused)
		},
	}
}
