package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"clientele/engine"
	"clientele/engine/report"
)

func newQuery(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "query SQL",
		Short: "Read-only SQL over the facts and all runs",
		Long: `Run DuckDB SQL over customers, contacts, products, orders, order_lines, refunds, interactions,
texts, campaigns, responses, identities, merges, shared_keys, identity_links, batches, rejects,
rates, and, of all runs, scores, segment_members, totals, reasons and models. Nothing can be written, and no
file can be read. Of the runs that it names the sizes of the files are compared with the manifests
first, and the bytes of the latest 256 MiB: clientele verify compares all.

In CSV, texts that a spreadsheet would run as a formula have an apostrophe before them; --raw
leaves them as they are, for programs. In JSON they are as they are, in XLSX they are texts.`,
		Example: `  clientele query "SELECT rfm_segment, count(*), sum(clv) FROM scores GROUP BY ALL ORDER BY 3 DESC"
  clientele query "SELECT * FROM orders" --format csv > orders.csv
  clientele query "SELECT * FROM scores" --format xlsx > scores.xlsx`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			book := a.format == "xlsx"
			if book {
				if _, ok := terminal(a.out); ok {
					return usageError{errors.New("--format xlsx is no text: send it to a file, as in > rows.xlsx")}
				}
				a.format = "table"
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			t, err := e.Query(cmd.Context(), list[0])
			if err != nil {
				return err
			}
			if book {
				return engine.WriteWorkbook(a.out, "rows", t, a.zone)
			}
			return a.rows(t)
		},
	}
	cmd.Flags().BoolVar(&a.raw, "raw", false, "texts of a CSV as they are, also those that a spreadsheet would run")
	return cmd
}

func newShow(a *app) *cobra.Command {
	lang := "en"
	cmd := &cobra.Command{
		Use:   "show CUSTOMER",
		Short: "One customer: facts, scores, why",
		Long: `Show all that is known of one customer: attributes, the ids that are this customer and the
reason of each merge, rules of exclude that leave it out, keys that too many share, scores and
how they came about, orders, refunds, interactions and responses. CUSTOMER is the id in
customers and scores; identities says into which one another id was merged.

The outlook is the purchase model's: how probable no order, one, two and more are within the
horizon, how many are expected there, and how many for all time to come, discounted.
Reasons are those of the churn risk: the effects, in log odds, add up to it, from the average
customer's on; odds_times is how many times each makes the odds of staying away.`,
		Example: `  clientele show C000123
  clientele show C000123 --lang zh                  outlook and reasons in Chinese
  clientele show woocommerce:17
  clientele query "SELECT customer_id FROM identities WHERE source_customer_id = '17'"`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			sections, err := e.Show(cmd.Context(), list[0], lang)
			if err != nil {
				return err
			}
			return a.sections(a.titled(sections, lang))
		},
	}
	cmd.Flags().Var(&choice{&lang, []string{"en", "zh"}}, "lang", "of titles, outlook and reasons: en or zh")
	return cmd
}

func newRebuild(a *app) *cobra.Command {
	var forget, allowRejects bool
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Make the store anew from the sources of clientele.yaml",
		Long: `Load every source again into a new store, with today's settings: after a change of the time
zone, the currency, what net means, or of the zone or id space of a source. Databases are read
from their beginning. The old store stays until the new one is whole.`,
		Example: `  clientele rebuild`,
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			loaded, err := e.Rebuild(cmd.Context(), forget, allowRejects)
			if err != nil && !errors.Is(err, engine.ErrRefused) {
				return err
			}
			a.remarkLoaded(loaded)
			return errors.Join(a.rows(loadedTable(loaded)), err)
		},
	}
	cmd.Flags().BoolVar(&forget, "forget", false, "leave out files that were loaded by hand")
	cmd.Flags().BoolVar(&allowRejects, "allow-rejects", false, "load what is good however many rows are bad")
	return cmd
}

// writeSections writes sections as one JSON object: title to rows.
func writeSections(w io.Writer, list []engine.Section) error {
	fmt.Fprint(w, "{")
	for i, s := range list {
		if i > 0 {
			fmt.Fprint(w, ",")
		}
		fmt.Fprintf(w, "%q: ", s.Title)
		if err := report.Write(w, s.Table, "json", report.Options{}); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, "}")
	return err
}
