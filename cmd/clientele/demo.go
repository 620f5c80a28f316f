package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"clientele/engine"
	"clientele/engine/demo"
)

func newDemo(a *app) *cobra.Command {
	var opt demo.Options
	var from, to string
	cmd := &cobra.Command{
		Use:   "demo DIR",
		Short: "Write a realistic shop's export files and a clientele.yaml that loads them",
		Long: `Write the exports of an invented shop: orders in several dialects, customers, products,
refunds, interactions, campaigns with control groups, and truth.json with the parameters
that it was generated from. The same options give the same bytes.`,
		Example: `  clientele demo shop && clientele -C shop run
  clientele demo big --customers 1000000 --orders 10000000
  clientele demo plain --plain --customers 20000 --seed 7`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if opt.Customers < 1 { // zero would mean the default
				return usageError{fmt.Errorf("--customers %d: at least one is needed", opt.Customers)}
			}
			for _, d := range []struct {
				flag, text string
				to         *time.Time
			}{{"--from", from, &opt.From}, {"--to", to, &opt.To}} {
				if d.text == "" {
					continue
				}
				day, err := engine.ParseDay(d.text)
				if err != nil {
					return usageError{fmt.Errorf("%s %w", d.flag, err)}
				}
				*d.to = day.Time()
			}
			if !a.quiet {
				p := newProgress(a.errOut, a.verbose)
				opt.Progress = func(done, total int64) {
					p.event(engine.Event{Stage: "write the shop", Done: done, Total: total, Ended: done == total})
				}
			}
			opt.Workers = a.threads
			s, err := demo.Write(cmd.Context(), list[0], opt)
			if err != nil {
				return err
			}
			if a.format == "json" {
				return writeJSON(a.out, s)
			}
			fmt.Fprintf(a.out, "%s: %s customers, %s orders in %d files\n", list[0], grouped(int64(s.Customers)), grouped(int64(s.Orders)), len(s.Files))
			a.remark("next: clientele -C %s run", list[0])
			return nil
		},
	}
	f := cmd.Flags()
	f.IntVar(&opt.Customers, "customers", 10_000, "customers")
	f.IntVar(&opt.Orders, "orders", 0, "orders, about (default what the purchasing process gives)")
	f.Uint64Var(&opt.Seed, "seed", 1, "another seed, another shop")
	f.BoolVar(&opt.Plain, "plain", false, "no seasons, guests or dirt: fits recover the true parameters")
	f.StringVar(&opt.Dialect, "dialect", "", "all orders as csv or parquet (default several dialects)")
	f.StringVar(&from, "from", "", "first day, `YYYY-MM-DD`")
	f.StringVar(&to, "to", "", "last day, `YYYY-MM-DD`")
	cmd.AddCommand(newDemoAnswer(a))
	return cmd
}
