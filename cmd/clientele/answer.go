package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"clientele/engine"
	"clientele/engine/demo"
	"clientele/engine/table"
)

func newDemoAnswer(a *app) *cobra.Command {
	s := demo.Sending{}
	var to string
	cmd := &cobra.Command{
		Use:   "answer LIST",
		Short: "Write what an invented shop's customers do after a target list was sent to them",
		Long: `Play the days after a target list was sent: everybody goes on buying as the run that the list was
cut from expects, who was sent the message is made to order once more by it with the probability
--effect, and the control group is not. Writes orders.csv and responses.csv into a new folder, to be
loaded with clientele ingest auto, and FOLDER.truth.json with the lift that a reading should find.`,
		Example: `  clientele demo answer 2026-05-31-1
  clientele ingest auto answers/2026-05-31-1 && clientele campaign show SPRING`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			people, err := listed(cmd, e, list[0], &s)
			if err != nil {
				return err
			}
			s.Prefix = "A-" + s.List
			if to == "" {
				to = filepath.Join(a.dir, "answers", s.List)
			}
			if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
				return err
			}
			out, err := demo.Answer(cmd.Context(), to, people, s)
			if err != nil {
				return err
			}
			if a.format == "json" {
				return writeJSON(a.out, out)
			}
			fmt.Fprintf(a.out, "%s: %s orders and %s responses of %d days; the message makes %.2f points more of the customers order\n",
				to, grouped(int64(out.Orders)), grouped(int64(out.Responses)), s.Days, 100*out.TrueLift)
			a.remark("next: clientele -C %s ingest auto %s", a.dir, to)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&to, "to", "", "the new `FOLDER` (default answers/LIST in the workspace)")
	f.IntVar(&s.Days, "days", 30, "days after the list was sent")
	f.Float64Var(&s.Effect, "effect", 0.06, "probability that the message makes its reader order once more")
	f.Uint64Var(&s.Seed, "seed", 1, "another seed, other answers")
	return cmd
}

// listed reads the list and everybody whom its run scored.
func listed(cmd *cobra.Command, e *engine.Engine, id string, s *demo.Sending) ([]demo.Listed, error) {
	quoted := "'" + strings.ReplaceAll(id, "'", "''") + "'"
	head, err := e.Query(cmd.Context(), `SELECT list_id, campaign_id, channel, "on", as_of, cancelled FROM lists WHERE list_id = `+quoted)
	if err != nil {
		return nil, err
	}
	if head.Rows() == 0 {
		return nil, fmt.Errorf("no list %q: clientele list shows them", id)
	}
	s.List, s.Channel, s.On = id, textAt(head, "channel", 0), engine.Day(head.Dates("on")[0]).Time()
	if s.Campaign = textAt(head, "campaign_id", 0); s.Campaign == "" {
		return nil, fmt.Errorf("list %s is of no campaign, so answers to it could not be told from others: clientele target --campaign ID", id)
	}
	t, err := e.Query(cmd.Context(), `SELECT s.customer_id, m.arm, s.expected_orders, s.expected_spend
FROM scores AS s JOIN identities AS i ON s.customer_id = i.source_customer_id AND i.id_space = '' LEFT JOIN list_members AS m ON s.customer_id = m.customer_id AND m.list_id = `+quoted+`
WHERE s.as_of = DATE '`+engine.Day(head.Dates("as_of")[0]).String()+`' ORDER BY s.customer_id`)
	if err != nil {
		return nil, err
	}
	if t.Rows() == 0 {
		return nil, fmt.Errorf("the run of %v, from which the list was cut, is not there any more", engine.Day(head.Dates("as_of")[0]))
	}
	out := make([]demo.Listed, t.Rows())
	for i := range out {
		orders := t.Floats("expected_orders")[i] * float64(s.Days) / float64(e.Config.Horizon)
		if math.IsNaN(orders) {
			orders = 0
		}
		out[i] = demo.Listed{CustomerID: textAt(t, "customer_id", i), Arm: textAt(t, "arm", i), Orders: orders, Spend: t.Floats("expected_spend")[i]}
	}
	return out, nil
}

// textAt is a cell of a column of texts, "" where it is missing.
func textAt(t *table.Table, name string, i int) string {
	c := t.Column(name)
	if c.Missing(i) {
		return ""
	}
	return string(c.Texts.At(i))
}
