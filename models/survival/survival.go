// Package survival describes how long customers stay where it is seen when they
// leave: contracts, subscriptions, memberships. It has the Kaplan-Meier curve,
// the log-rank test between groups and Cox's regression, as R's package survival
// has them, and takes rows that stand for several customers.
//
// A row is one customer: how long it was watched, and whether it left then
// (an event) or was still there when watching ended (censored). One that left
// at a time was at risk at that time, and so was one censored at it.
package survival

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Data are the rows of an analysis: slices of equal length.
type Data struct {
	Time   []float64 // how long the customer was watched, in any unit; finite, not below zero
	Event  []bool    // whether it left at that time; false: it was still there
	Weight []float64 // how many customers the row stands for; above zero and finite; nil: one each
}

// ErrNoRows is returned where there is nothing to analyse.
var ErrNoRows = errors.New("survival: no rows")

// ErrNoEvents is returned by what needs somebody to have left.
var ErrNoEvents = errors.New("survival: nobody left: there are no events")

// RowError says which row is unfit, counted from 0.
type RowError struct {
	Row    int
	Reason string
}

// Error reads like survival: row 4: time is below zero.
func (e *RowError) Error() string { return fmt.Sprintf("survival: row %d: %s", e.Row, e.Reason) }

// Check returns what makes the rows unfit: ErrNoRows or a *RowError. It panics
// where slices differ in length, which is a mistake of the program.
func (d Data) Check() error {
	if len(d.Event) != len(d.Time) || d.Weight != nil && len(d.Weight) != len(d.Time) {
		panic(fmt.Sprintf("survival: slices of %d, %d and %d rows", len(d.Time), len(d.Event), len(d.Weight)))
	}
	if len(d.Time) == 0 {
		return ErrNoRows
	}
	for i, t := range d.Time {
		switch {
		case t != t || math.IsInf(t, 0):
			return &RowError{i, "time is no finite number"}
		case t < 0:
			return &RowError{i, "time is below zero"}
		case d.Weight != nil && !(d.Weight[i] > 0 && d.Weight[i] <= math.MaxFloat64):
			return &RowError{i, "weight is not above zero and finite"}
		}
	}
	return nil
}

func (d Data) weight(row int) float64 {
	if d.Weight == nil {
		return 1
	}
	return d.Weight[row]
}

// order returns the rows by time, those of one time in the order they have.
func (d Data) order() []int32 {
	rows := make([]int32, len(d.Time))
	for i := range rows {
		rows[i] = int32(i)
	}
	if len(rows) < 4096 {
		slices.SortStableFunc(rows, func(a, b int32) int { return cmp.Compare(d.Time[a], d.Time[b]) })
		return rows
	}
	return d.distributed(rows)
}

// distributed sorts many rows by the binary digits of their times, which for
// numbers not below zero are in the order of the numbers: sixteen at a time, the
// last first, without those that are alike in all.
func (d Data) distributed(rows []int32) []int32 {
	const digits = 16
	other := make([]int32, len(rows))
	starts := make([]int32, 1<<digits)
	for shift := 0; shift < 64; shift += digits {
		digit := func(row int32) uint64 {
			return math.Float64bits(d.Time[row]+0) >> shift & (1<<digits - 1) // + 0 for -0
		}
		clear(starts)
		for _, row := range rows {
			starts[digit(row)]++
		}
		if int(starts[digit(rows[0])]) == len(rows) {
			continue
		}
		next := int32(0)
		for i, count := range starts {
			starts[i], next = next, next+count
		}
		for _, row := range rows {
			k := digit(row)
			other[starts[k]] = row
			starts[k]++
		}
		rows, other = other, rows
	}
	return rows
}

// normal returns how many standard deviations around the mean hold the share
// level of a normal distribution. Levels outside (0, 1) are 0.95.
func normal(level float64) float64 {
	if !(level > 0 && level < 1) {
		level = 0.95
	}
	return math.Sqrt2 * math.Erfinv(level)
}
