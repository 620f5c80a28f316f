package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newBatches(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "batches",
		Short: "What was loaded: read = accepted + duplicates + rejected, for every file",
		Long: `List every file that was loaded, refused or rolled back, with what became of its rows:
read = accepted + duplicates + rejected.

state is loaded, refused (too many bad rows, or another reason that its notes give: nothing of
it is stored) or rolled back (undone by clientele rollback: the counts are those of its
loading). platform is the export that the file was recognised as, notes say what was found out
about it.`,
		Example: `  clientele batches
  clientele batches --format csv > batches.csv`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			t, err := e.Batches(cmd.Context())
			if err != nil {
				return err
			}
			return a.rows(t)
		},
	}
}

func newRejects(a *app) *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:   "rejects [BATCH]",
		Short: "Rows that were not stored: line, column, value, reason",
		Example: `  clientele rejects
  clientele rejects 3 --limit 0 --format csv > rejects.csv`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			batch := 0
			if len(list) == 1 {
				var err error
				if batch, err = batchNumber(list[0]); err != nil {
					return err
				}
			}
			if limit < 0 {
				return usageError{fmt.Errorf("--limit %d: is below zero", limit)}
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			t, err := e.Rejects(cmd.Context(), batch, limit)
			if err != nil {
				return err
			}
			return a.rows(t)
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 100, "rows at most; 0: all")
	return cmd
}
