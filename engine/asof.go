package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"clientele/engine/internal/duck"
)

// Day is a day in the business time zone, as days since 1970-01-01.
type Day int32

// DayOf is the day of an instant's calendar date in its own zone.
func DayOf(t time.Time) Day {
	y, m, d := t.Date()
	return Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86_400)
}

// Time is the day's midnight in UTC.
func (d Day) Time() time.Time { return time.Unix(int64(d)*86_400, 0).UTC() }

// String is the day as YYYY-MM-DD.
func (d Day) String() string { return d.Time().Format(time.DateOnly) }

// ParseDay reads YYYY-MM-DD.
func ParseDay(text string) (Day, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, fmt.Errorf("%q: not a day such as 2026-06-30", text)
	}
	return DayOf(t), nil
}

// ErrNoFacts says that the store holds nothing that has a date.
var ErrNoFacts = errors.New("no dated facts are loaded: there is nothing to score")

// resolveAsOf turns a day, today, yesterday or latest into a day. latest is the
// last day that has facts.
func (e *Engine) resolveAsOf(ctx context.Context, db *duck.DB, text string) (Day, error) {
	first, last, err := factDays(ctx, db)
	if err != nil {
		return 0, err
	}
	day, err := e.namedDay(text, last)
	if err != nil {
		return 0, err
	}
	if day < first {
		return 0, fmt.Errorf("as-of %v: the first fact is of %v", day, first)
	}
	return day, nil
}

func (e *Engine) namedDay(text string, latest Day) (Day, error) {
	zone, err := e.zone()
	if err != nil {
		return 0, err
	}
	today := DayOf(e.Now.In(zone))
	switch text {
	case "", "latest": // a fact may be dated a day ahead of its loading
		return min(latest, today), nil
	case "today":
		return today, nil
	case "yesterday":
		return today - 1, nil
	}
	day, err := ParseDay(text)
	if err != nil {
		return 0, fmt.Errorf("as-of %w, today, yesterday or latest", err)
	}
	if day > today {
		return 0, fmt.Errorf("as-of %v: is after today, %v", day, today)
	}
	return day, nil
}

// factDays are the first and the last day that have facts.
func factDays(ctx context.Context, db *duck.DB) (first, last Day, err error) {
	t, err := db.Query(ctx, `WITH days AS (
  SELECT min(ordered_day) AS first, max(ordered_day) AS last FROM facts.order_rows
  UNION ALL SELECT min(refunded_day), max(refunded_day) FROM facts.settled_refunds
  UNION ALL SELECT min(occurred_day), max(occurred_day) FROM facts.interactions
  UNION ALL SELECT min(occurred_day), max(occurred_day) FROM facts.responses
)
SELECT min(first) AS first, max(last) AS last FROM days`)
	if err != nil {
		return 0, 0, err
	}
	if t.Column("first").Missing(0) {
		return 0, 0, ErrNoFacts
	}
	return Day(t.Ints("first")[0]), Day(t.Ints("last")[0]), nil
}
