package engine

import (
	"testing"
)

// What is usual is the median of the same days of the weeks before, where there are
// enough of them and they are large enough.
func TestUsualOrders(t *testing.T) {
	last, _ := ParseDay("2026-03-31")
	counts := map[Day]int64{}
	for week := range 9 {
		counts[last-Day(7*week)] = int64(20 + week) // 20 on the day, 21 to 28 in the weeks before
	}
	for _, c := range []struct {
		name   string
		weeks  int // that the shop has been there
		days   int
		scale  int64
		usual  float64
		judged bool
	}{
		{"eight weeks", 9, 1, 1, 24.5, true},
		{"five weeks", 5, 1, 1, 23, true},
		{"three weeks", 3, 1, 1, 0, false},
		{"weeks", 10, 7, 1, 24.5, true}, // one day of each has orders
		{"the first week is cut", 4, 7, 1, 0, false},
		{"large", 9, 1, 10, 245, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			scaled := map[Day]int64{}
			for day, n := range counts {
				scaled[day] = n * c.scale
			}
			usual, judged := usualOrders(scaled, last-Day(7*c.weeks), last, c.days)
			if judged != c.judged || judged && usual != c.usual {
				t.Errorf("%v, %v; want %v, %v", usual, judged, c.usual, c.judged)
			}
		})
	}
	for day := range counts {
		counts[day] = 19
	}
	if usual, judged := usualOrders(counts, last-100, last, 1); judged {
		t.Errorf("%v orders a day are judged", usual)
	}
}
