package demo

import (
	"math"
	"time"
)

const secondsPerDay = 86_400

// epochDay is a date's days since 1970-01-01.
func epochDay(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay)
}

func dayDate(day int) time.Time { return time.Unix(int64(day)*secondsPerDay, 0).UTC() }

// calendar is the shop's time. Purchases are Poisson in operational time, which
// runs faster on busy days: u = warp(t) with du/dt the season's weight of the
// day, whose mean over the period is 1. Warping keeps the process exact, where
// thinning would throw two of three draws away.
type calendar struct {
	from, days int       // first day (epoch) and number of days
	cum        []float64 // operational time at the start of each day, length days+1
	first      []int32   // first[k]: the day that holds operational time k
	plain      bool
	stamps     [][10]byte // "2024-01-31" of each day, from the day before the first one
}

// spare is how many days past the period have a stamp: refunds and replies.
const spare = 40

func newCalendar(from, to int, plain bool) *calendar {
	c := &calendar{from: from, days: to - from + 1, plain: plain}
	weights := make([]float64, c.days)
	total := 0.0
	for d := range weights {
		weights[d] = 1
		if !plain {
			weights[d] = season(dayDate(from + d))
		}
		total += weights[d]
	}
	c.cum = make([]float64, c.days+1)
	for d, w := range weights {
		c.cum[d+1] = c.cum[d] + w*float64(c.days)/total
	}
	c.cum[c.days] = float64(c.days)
	c.first = make([]int32, c.days+1)
	for k, d := 0, 0; k <= c.days; k++ {
		for d < c.days-1 && c.cum[d+1] <= float64(k) {
			d++
		}
		c.first[k] = int32(d)
	}
	c.stamps = make([][10]byte, c.days+spare+1)
	for i := range c.stamps {
		copy(c.stamps[i][:], dayDate(from+i-1).Format(time.DateOnly))
	}
	return c
}

// warp is the operational time at t, both in days since the start.
func (c *calendar) warp(t float64) float64 {
	d := min(max(int(t), 0), c.days-1)
	return c.cum[d] + (t-float64(d))*(c.cum[d+1]-c.cum[d])
}

// unwarp is the inverse of warp for 0 <= u < days.
func (c *calendar) unwarp(u float64) float64 {
	if c.plain {
		return u
	}
	d := int(c.first[int(u)])
	for d < c.days-1 && c.cum[d+1] <= u {
		d++
	}
	return float64(d) + (u-c.cum[d])/(c.cum[d+1]-c.cum[d])
}

// appendDate writes a day of the calendar as 2024-01-31; second counts from the
// start of the period and may lie a day before it or some weeks after it.
func (c *calendar) appendDate(b []byte, second int64) []byte {
	i := int(floorDiv(second, secondsPerDay)) + 1
	if i >= 0 && i < len(c.stamps) {
		return append(b, c.stamps[i][:]...)
	}
	return dayDate(c.from+i-1).AppendFormat(b, time.DateOnly)
}

// appendTime writes 2024-01-31 14:05:09, with sep between date and time.
func (c *calendar) appendTime(b []byte, second int64, sep byte) []byte {
	b = append(c.appendDate(b, second), sep)
	s := int(second - floorDiv(second, secondsPerDay)*secondsPerDay)
	return append(b,
		'0'+byte(s/36000), '0'+byte(s/3600%10), ':',
		'0'+byte(s/600%6), '0'+byte(s/60%10), ':',
		'0'+byte(s/10%6), '0'+byte(s%10))
}

// business is the distance of the shop's clock from UTC, in seconds.
// Asia/Shanghai has had no other since 1991, so no zone data are needed.
const business = 8 * 3600

// appendUTC writes the instant of a local second as 2024-01-31T06:05:09Z.
func (c *calendar) appendUTC(b []byte, second int64) []byte {
	return append(c.appendTime(b, second-business, 'T'), 'Z')
}

// micros is the instant of a local second, in microseconds since 1970 UTC.
func (c *calendar) micros(second int64) int64 {
	return (int64(c.from)*secondsPerDay + second - business) * 1_000_000
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// newYears are the first days of the Chinese year, by Gregorian year from 2015.
var newYears = [...]string{
	"2015-02-19", "2016-02-08", "2017-01-28", "2018-02-16", "2019-02-05", "2020-01-25", "2021-02-12",
	"2022-02-01", "2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26",
	"2029-02-13", "2030-02-03", "2031-01-23", "2032-02-11", "2033-01-31", "2034-02-19", "2035-02-08",
}

func newYear(year int) (day int, known bool) {
	i := year - 2015
	if i < 0 || i >= len(newYears) {
		return 0, false
	}
	t, err := time.Parse(time.DateOnly, newYears[i])
	return epochDay(t), err == nil
}

// season is how busy a day is against an ordinary one: weekends, spring tea,
// 6.18, the weeks before the Mid-Autumn feast, Double 11 and Double 12, gifts
// before the Chinese New Year and the silence of the holiday itself.
func season(t time.Time) float64 {
	w := 1.0
	switch t.Weekday() {
	case time.Saturday, time.Sunday:
		w = 1.18
	case time.Tuesday:
		w = 0.94
	}
	m, d := t.Month(), t.Day()
	switch {
	case m == time.March && d >= 20, m == time.April:
		w *= 1.22
	case m == time.June && d == 18:
		w *= 2.6
	case m == time.June && d < 18:
		w *= 1.25
	case m == time.July, m == time.August:
		w *= 0.86
	case m == time.September && d >= 5 && d <= 25:
		w *= 1.25
	case m == time.November && d == 11:
		w *= 3.2
	case m == time.November && d < 11:
		w *= 1.4
	case m == time.December && d >= 10 && d <= 12:
		w *= 1.5
	}
	if ny, ok := newYear(t.Year()); ok {
		switch after := epochDay(t) - ny; {
		case after >= -24 && after < -4:
			w *= 1.55
		case after >= -4 && after < -1:
			w *= 0.8
		case after >= -1 && after <= 7:
			w *= 0.35
		case after > 7 && after <= 14:
			w *= 0.75
		}
	}
	return w
}

// hours maps the fraction of a day's demand that has passed to the second of
// the day, so that people sleep at night and stores keep opening hours.
type hours [257]int32

func newHours(weights [24]float64) *hours {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	var h hours
	hour, before := 0, 0.0
	for i := range h {
		want := total * float64(i) / 256
		for hour < 23 && (weights[hour] == 0 || before+weights[hour] < want-1e-9) {
			before += weights[hour]
			hour++
		}
		part := 0.0
		if weights[hour] > 0 {
			part = (want - before) / weights[hour]
		}
		h[i] = int32(math.Min((float64(hour)+part)*3600, secondsPerDay-1))
	}
	return &h
}

func (h *hours) second(fraction float64) int {
	x := fraction * 256
	i := int(x)
	return int(float64(h[i]) + (x-float64(i))*float64(h[i+1]-h[i]))
}

func onlineHours() *hours {
	return newHours([24]float64{2.2, 1.0, .5, .3, .2, .4, 1, 2, 3.4, 4.8, 5.6, 5.4, 5.6, 5, 4.8, 4.8, 4.6, 4.4, 4.6, 5.6, 7.2, 8, 6.8, 4.2})
}

func storeHours() *hours {
	return newHours([24]float64{9: 0.4, 10: 4.5, 11: 6.5, 12: 5.5, 13: 5.5, 14: 7, 15: 8.5, 16: 8.5, 17: 8, 18: 7.5, 19: 8, 20: 6, 21: 1.5})
}
