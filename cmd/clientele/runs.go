package main

import (
	"github.com/spf13/cobra"
)

func newRuns(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "runs",
		Short: "The finished runs, and why each of them stays",
		Long: `List the finished runs by their day: files, bytes, customers, warnings, and kept, why keep of
clientele.yaml lets the run stay:

  all              keep sets no rule
  runs, days, months   a rule of keep
  current          it is the current run
  report           the report of the current run shows it
  list             a target list was cut from it
  settings         models.frozen or clusters.match name it
  model            a run that stays was scored with a model of it

Where kept is empty, the run goes when the next one is published, or with clientele prune.`,
		Example: `  clientele runs
  clientele runs --format json`,
		Args: args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			t, err := e.Runs()
			if err != nil {
				return err
			}
			return a.rows(t)
		},
	}
}

func newPrune(a *app) *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Let go of the runs that keep of clientele.yaml does not keep",
		Long: `Let go of the runs that keep of clientele.yaml does not keep, as clientele run does after it has
published one. Never the current run, nor one that a list, a setting, a model or the current report
refers to: clientele runs says which stays why. Their files stay for an hour, for who is reading them.`,
		Example: `  clientele prune --dry-run
  clientele prune`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			if !e.Config.Keep.Set() {
				a.remark("keep of clientele.yaml sets no rule: every run stays")
			}
			gone, err := e.Prune(cmd.Context(), dry)
			if err != nil {
				return err
			}
			t := newRows("as_of")
			for _, day := range gone {
				t.add(day)
			}
			switch {
			case len(gone) == 0 && a.format == "table": // no table is a sentence
				if e.Config.Keep.Set() {
					a.remark("no run goes: keep, or something that refers to it, keeps each of them (clientele runs says what)")
				}
				return nil
			case dry && len(gone) > 0:
				a.remark("these would go:")
			}
			return a.rows(t.table())
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say which would go")
	return cmd
}
