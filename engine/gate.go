package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
)

// ErrHeld says that a gate of the data held the publication back: the facts are
// loaded, and the run of before stays current.
var ErrHeld = errors.New("the publication is held back")

// Hold is a gate that the facts did not pass: what is wrong, and how far.
type Hold struct {
	Gate string `json:"gate"` // its setting: fresh_days, min_orders, min_volume, max_rejects, checks
	En   string `json:"en"`
	Zh   string `json:"zh"`
}

// HoldError names the gates that hold. It is an ErrHeld.
type HoldError struct{ Holds []Hold }

// Error says what is wrong, how far, and what to do.
func (e *HoldError) Error() string {
	reasons := make([]string, len(e.Holds))
	for i, h := range e.Holds {
		reasons[i] = h.En
	}
	return ErrHeld.Error() + ": " + strings.Join(reasons, "; ") +
		". The facts are loaded, and the run of before stays current: load what is missing and run again, or clientele run --publish-anyway"
}

// Unwrap is ErrHeld.
func (e *HoldError) Unwrap() error { return ErrHeld }

// gate is what the gates look at.
type gate struct {
	config.Gates
	ctx     context.Context
	db      *duck.DB
	day     Day // as of which is to be published
	due     Day // the day that facts are expected of: today, where the as-of day is the last one that has facts
	today   Day // not over yet
	read    int64
	reject  int64 // of the rows read since the last publication
	checked Checked
	holds   []Hold
}

// pass asks every gate that is on.
func (g *gate) pass() ([]Hold, error) {
	for _, ask := range []func() error{g.fresh, g.enough, g.volume, g.rejects, g.checks} {
		if err := ask(); err != nil {
			return nil, fmt.Errorf("gates: %w", err)
		}
	}
	return g.holds, nil
}

func (g *gate) hold(name, en, zh string) {
	g.holds = append(g.holds, Hold{Gate: name, En: en, Zh: zh})
}

// fresh: the newest order is not too old.
func (g *gate) fresh() error {
	if g.FreshDays == nil {
		return nil
	}
	newest, there, err := g.newest()
	if err != nil {
		return err
	}
	if !there {
		g.hold("fresh_days", fmt.Sprintf("there is no order up to %v", g.day), fmt.Sprintf("截至 %v 没有任何订单", g.day))
		return nil
	}
	if age := int(g.due - newest); age > *g.FreshDays {
		g.hold("fresh_days", fmt.Sprintf("the newest order is of %v, %d days before %v, and gates.fresh_days is %d", newest, age, g.due, *g.FreshDays),
			fmt.Sprintf("最新订单为 %v，比 %v 早 %d 天，超过 gates.fresh_days（%d 天）", newest, g.due, age, *g.FreshDays))
	}
	return nil
}

func (g *gate) newest() (Day, bool, error) {
	t, err := g.db.Query(g.ctx, "SELECT max(ordered_day) AS newest FROM facts.order_rows WHERE ordered_day <= $day", sql.Named("day", int64(g.day)))
	if err != nil || t.Column("newest").Missing(0) {
		return 0, false, err
	}
	return Day(t.Ints("newest")[0]), true, nil
}

// counts are the orders of each day that has any, over the days that volume
// compares.
func (g *gate) counts() (map[Day]int64, error) {
	t, err := g.db.Query(g.ctx, "SELECT ordered_day, count(*) AS orders FROM facts.order_rows WHERE ordered_day BETWEEN $first AND $last GROUP BY 1 ORDER BY 1",
		sql.Named("first", int64(g.day-70)), sql.Named("last", int64(g.day)))
	if err != nil {
		return nil, err
	}
	out := map[Day]int64{}
	for i, day := range t.Ints("ordered_day") {
		out[Day(day)] = t.Ints("orders")[i]
	}
	return out, nil
}

// enough: some orders have come of late.
func (g *gate) enough() error {
	if g.MinOrders == 0 {
		return nil
	}
	counts, err := g.counts()
	if err != nil {
		return err
	}
	if n := sumDays(counts, g.day, 7); n < int64(g.MinOrders) {
		g.hold("min_orders", fmt.Sprintf("there are %d orders in the seven days up to %v, and gates.min_orders is %d", n, g.day, g.MinOrders),
			fmt.Sprintf("截至 %v 的七天内只有 %d 笔订单，少于 gates.min_orders（%d 笔）", g.day, n, g.MinOrders))
	}
	return nil
}

// sumDays is the number of orders of so many days up to last.
func sumDays(counts map[Day]int64, last Day, days int) (n int64) {
	for d := last - Day(days) + 1; d <= last; d++ {
		n += counts[d]
	}
	return n
}

const (
	volumeWeeks = 8  // that the last day is compared with
	leastWeeks  = 4  // of them, that the shop has to have seen
	leastUsual  = 20 // orders, below which chance alone halves a day now and then: P(Poisson(20) <= 9) is 0.5 %
)

// volume: the last whole day, or where days are small the week up to it, brought
// about as many orders as it usually does.
func (g *gate) volume() error {
	if g.MinVolume == nil {
		return nil
	}
	counts, err := g.counts()
	if err != nil {
		return err
	}
	var first Day
	t, err := g.db.Query(g.ctx, "SELECT min(ordered_day) AS first FROM facts.order_rows")
	if err != nil || t.Column("first").Missing(0) {
		return err
	}
	first = Day(t.Ints("first")[0])
	day := min(g.day, g.today-1)
	for _, span := range []struct {
		days   int
		en, zh string
	}{{1, "day", "当天"}, {7, "week", "一周"}} {
		usual, judged := usualOrders(counts, first, day, span.days)
		if !judged {
			continue
		}
		n := sumDays(counts, day, span.days)
		if float64(n) < *g.MinVolume*usual {
			g.hold("min_volume", fmt.Sprintf("the %s up to %v has %d orders, %.0f %% of the usual %g, and gates.min_volume is %g %%", span.en, day, n, 100*float64(n)/usual, usual, 100**g.MinVolume),
				fmt.Sprintf("截至 %v %s只有 %d 笔订单，为平常 %g 笔的 %.0f%%，低于 gates.min_volume（%g%%）", day, span.zh, n, usual, 100*float64(n)/usual, 100**g.MinVolume))
		}
		return nil
	}
	return nil
}

// usualOrders is the median of the same days of the weeks before, unless they are
// too few, or too small to tell a bad day from chance.
func usualOrders(counts map[Day]int64, first, day Day, days int) (usual float64, judged bool) {
	var before []int64
	for week := 1; week <= volumeWeeks; week++ {
		last := day - Day(7*week)
		if last-Day(days)+1 < first {
			break
		}
		before = append(before, sumDays(counts, last, days))
	}
	if len(before) < leastWeeks {
		return 0, false
	}
	slices.Sort(before)
	n := len(before)
	usual = float64(before[(n-1)/2]+before[n/2]) / 2
	return usual, usual >= leastUsual
}

// rejects: not too much of what was read since the last publication was bad.
func (g *gate) rejects() error {
	if g.MaxRejects == nil || g.read == 0 {
		return nil
	}
	if share := float64(g.reject) / float64(g.read); share > *g.MaxRejects {
		g.hold("max_rejects", fmt.Sprintf("%d of the %d rows read since the last publication were rejected, %.3g %%, and gates.max_rejects is %.3g %%", g.reject, g.read, 100*share, 100**g.MaxRejects),
			fmt.Sprintf("上次发布以来读取的 %d 行中有 %d 行被拒（%.3g%%），超过 gates.max_rejects（%.3g%%）", g.read, g.reject, 100*share, 100**g.MaxRejects))
	}
	return nil
}

// checks: none of severity error failed.
func (g *gate) checks() error {
	if !g.Checks || g.checked.Err() == nil {
		return nil
	}
	var names []string
	for _, c := range g.checked.Failed() {
		if c.Severity == SeverityError {
			names = append(names, fmt.Sprintf("%q", c.Name))
		}
	}
	g.hold("checks", "these checks of severity error failed: "+strings.Join(names, ", "), "以下 error 级检查未通过："+strings.Join(names, "、"))
	return nil
}
