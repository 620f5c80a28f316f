package engine

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/models/attribution"
	"clientele/queries"
)

// halfLife is that of time decay, in days.
const halfLife = 7

// Attributions are the units among which orders are shared out.
func Attributions() []string { return []string{"campaign", "channel"} }

// attributed is what each unit, a campaign or a channel, is given by each rule.
type attributed struct {
	units   []string
	touched []int // customers' touches of each unit
	rules   []string
	credits []attribution.Credit // by rule
}

// Attribution shares the orders that followed a click or an opening within the window
// out among campaigns or their channels, by several rules. None of them is an effect.
func (e *Engine) Attribution(ctx context.Context, asOf, by string, window int) (t *table.Table, err error) {
	if !slices.Contains(Attributions(), by) {
		return nil, fmt.Errorf("by %q: not one of %s", by, strings.Join(Attributions(), ", "))
	}
	if window == 0 {
		window = e.Config.Campaigns.Window
	}
	if window < 1 {
		return nil, fmt.Errorf("a window of %d days: at least one is needed", window)
	}
	err = e.campaignData(ctx, asOf, func(db *duck.DB, _ Day) error {
		a, err := attribute(ctx, db, by, window)
		if err != nil {
			return err
		}
		columns := []string{by + " text", "touches int"}
		for _, rule := range a.rules {
			columns = append(columns, rule+" float orders")
		}
		for _, rule := range a.rules {
			columns = append(columns, rule+"_value float")
		}
		g := newGrid(columns...)
		for i, unit := range a.units {
			row := []any{unit, a.touched[i]}
			for _, c := range a.credits {
				row = append(row, c.Conversions[i])
			}
			for _, c := range a.credits {
				row = append(row, c.Value[i])
			}
			g.add(row...)
		}
		t = g.section("attribution").Table
		return nil
	})
	return t, err
}

// attribute reads the journeys and shares them out.
func attribute(ctx context.Context, db *duck.DB, by string, window int) (*attributed, error) {
	t, err := db.Query(ctx, queries.Get("campaign/touches").SQL, sql.Named("window", window))
	if err != nil {
		return nil, err
	}
	a := &attributed{}
	paths := a.journeys(t, by)
	n := len(a.units)
	rules := []struct {
		name  string
		share func() (attribution.Credit, error)
	}{
		{"first", func() (attribution.Credit, error) { return attribution.First(paths, n) }},
		{"last", func() (attribution.Credit, error) { return attribution.Last(paths, n) }},
		{"linear", func() (attribution.Credit, error) { return attribution.Linear(paths, n) }},
		{"position", func() (attribution.Credit, error) { return attribution.Position(paths, n) }},
		{"time_decay", func() (attribution.Credit, error) { return attribution.TimeDecay(paths, n, halfLife) }},
		{"markov", func() (attribution.Credit, error) {
			chain, err := attribution.Markov(paths, n)
			return chain.Credit, err
		}},
	}
	for _, r := range rules {
		if n == 0 {
			break
		}
		credit, err := r.share()
		if err != nil {
			return nil, fmt.Errorf("attribution by %s: %w", r.name, err)
		}
		a.rules, a.credits = append(a.rules, r.name), append(a.credits, credit)
	}
	return a, nil
}

const microsecondsADay = 86_400e6

// journeys turns touches, by customer and time, into distinct paths. A journey ends
// with an order; a customer's touches that no order followed are one that did not convert.
func (a *attributed) journeys(t *table.Table, by string) []attribution.Path {
	column := "campaign_id"
	if by == "channel" {
		column = "channel"
	}
	unit := map[string]int{}
	units := make([]int, t.Rows())
	for i := range units {
		name := "(not known)"
		if c := t.Column(column); !c.Missing(i) {
			name = string(c.Texts.At(i))
		}
		u, known := unit[name]
		if !known {
			u = len(a.units)
			unit[name], a.units, a.touched = u, append(a.units, name), append(a.touched, 0)
		}
		units[i] = u
		a.touched[u]++
	}
	people, journey, at, ended, value := t.Ints("person"), t.Ints("journey"), t.Ints("touched_us"), t.Ints("ordered_us"), t.Floats("value")
	var paths []attribution.Path
	known := map[string]int{}
	for from := 0; from < len(units); {
		to := from
		for to < len(units) && people[to] == people[from] && journey[to] == journey[from] {
			to++
		}
		p := attribution.Path{Channels: slices.Clone(units[from:to])}
		if journey[from] == 0 {
			p.Nulls = 1
			// Journeys without an order have no days: alike ones are one path.
			key := pathKey(p.Channels)
			if k, found := known[key]; found {
				paths[k].Nulls++
				from = to
				continue
			}
			known[key] = len(paths)
		} else {
			p.Conversions, p.Value = 1, value[from]
			for i := from; i < to; i++ {
				p.Days = append(p.Days, math.Max(0, float64(ended[from]-at[i])/microsecondsADay))
			}
		}
		paths = append(paths, p)
		from = to
	}
	return paths
}

func pathKey(channels []int) string {
	var b []byte
	for _, c := range channels {
		b = append(strconv.AppendInt(b, int64(c), 10), ' ')
	}
	return string(b)
}

// attribution sets beside the effect what rules would give to this campaign.
func (c *campaignReader) attribution() error {
	a, err := attribute(c.ctx, c.db, "campaign", c.r.Window)
	if err != nil {
		return err
	}
	at := slices.Index(a.units, c.r.Campaign)
	if at < 0 {
		return nil
	}
	g := newGrid("rule text", "orders float", "share float share", "value float")
	for i, rule := range a.rules {
		credit, all := a.credits[i], 0.0
		for _, v := range credit.Conversions {
			all += v
		}
		share := math.NaN()
		if all > 0 {
			share = credit.Conversions[at] / all
		}
		g.add(rule, credit.Conversions[at], share, credit.Value[at])
	}
	c.out.Sections = append(c.out.Sections, g.section("attribution"))
	return nil
}
