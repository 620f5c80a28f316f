package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"clientele/engine"
)

func newRollback(a *app) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "rollback BATCH",
		Short: "Undo the loading of one file",
		Long: `Take what one file brought out of the store, as if it had never been loaded: facts that only it
told of go, facts that it changed are again what the other files say, also those loaded after
it, and customers whom it joined come apart. Its row in clientele batches stays, in the state
rolled back; its rejects go.

clientele run does not load the file again, though its folder still holds it: name it with
clientele ingest KIND FILE to load it again. A table of a database is read again from where it
was before the batch. Published runs keep their scores until the day is scored again.`,
		Example: `  clientele batches
  clientele rollback 12 --dry-run
  clientele rollback 12`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			batch, err := batchNumber(list[0])
			if err != nil {
				return err
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			if dryRun {
				l, err := e.Undoing(cmd.Context(), batch)
				if err != nil {
					return err
				}
				a.remark("would undo batch %d: %s of source %s, %s; nothing is changed", l.Batch, l.Kind, l.Source, l.Path)
				return a.rows(loadedTable([]engine.Loaded{l}))
			}
			l, err := e.Rollback(cmd.Context(), batch)
			if err != nil {
				return err
			}
			a.remark("what %s brought to %s of source %s is out of the store: %s rows, and %s that repeated others", l.Path, l.Kind, l.Source, grouped(l.Accepted), grouped(l.Duplicates))
			return a.rows(loadedTable([]engine.Loaded{l}))
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show what would be undone and change nothing")
	return cmd
}

// batchNumber reads the number of a batch.
func batchNumber(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, usageError{fmt.Errorf("batch %q: not a number of a batch", text)}
	}
	return n, nil
}
