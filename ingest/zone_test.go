package ingest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func location(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Skipf("no zone data: %v", err)
	}
	return loc
}

// slowUTC is the rule of zone told by package time alone: the earliest UTC second
// whose clock shows local; where there is none, the one by the offset that held
// before the clock was put forward.
func slowUTC(loc *time.Location, local int64) int64 {
	shown := func(utc int64) int64 {
		_, offset := time.Unix(utc, 0).In(loc).Zone()
		return utc + int64(offset)
	}
	const day = 26 * 3600 // more than any offset, and than Apia's lost day
	offsets := map[int64]bool{}
	for at := local - 2*day; at <= local+2*day; at += 900 {
		offsets[shown(at)-at] = true
	}
	found, best := false, int64(0)
	for offset := range offsets {
		if utc := local - offset; shown(utc) == local && (!found || utc < best) {
			found, best = true, utc
		}
	}
	if found {
		return best
	}
	before := int64(0)
	for at := local - 2*day; ; at++ {
		if shown(at) > local {
			return local - before
		}
		before = shown(at) - at
		if step := int64(900); shown(at+step) <= local && shown(at+step)-at-step == before {
			at += step - 1
		}
	}
}

func TestZoneAgainstPackageTime(t *testing.T) {
	for _, name := range []string{"Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "Africa/Casablanca"} {
		loc := location(t, name)
		z := newZone(loc)
		cur := z.cursor()
		rapid.Check(t, func(t *rapid.T) {
			local := rapid.Int64Range(0, 4102444800).Draw(t, "local")
			if rapid.Bool().Draw(t, "near a change") {
				local = rapid.SampledFrom(z.bounds).Draw(t, "bound") + rapid.Int64Range(-90_000, 90_000).Draw(t, "by")
			}
			utc := cur.utc(local)
			if want := slowUTC(loc, local); utc != want {
				t.Fatalf("%s in %s is %d, want %d", time.Unix(local, 0).UTC().Format(time.DateTime), loc, utc, want)
			}
			if want := time.Unix(utc, 0).In(loc).Format(time.DateOnly); dayText(cur.day(utc)) != want {
				t.Fatalf("%d in %s is of %s, want %s", utc, loc, dayText(cur.day(utc)), want)
			}
		})
	}
}

// What clocks do on these days is in the zone data; the instants are by the rule
// of zone: times that are left out move forward by the gap, times that occur
// twice are the first of the two.
func TestClockChanges(t *testing.T) {
	for _, c := range []struct{ zone, cell, at, on string }{
		{"America/New_York", "2024-03-10 01:59:59", "2024-03-10T06:59:59Z", "2024-03-10"},
		{"America/New_York", "2024-03-10 02:00:00", "2024-03-10T07:00:00Z", "2024-03-10"}, // 03:00, there is no 02:00
		{"America/New_York", "2024-03-10 02:30:00", "2024-03-10T07:30:00Z", "2024-03-10"},
		{"America/New_York", "2024-03-10 03:00:00", "2024-03-10T07:00:00Z", "2024-03-10"},
		{"America/New_York", "2024-11-03 00:59:59", "2024-11-03T04:59:59Z", "2024-11-03"},
		{"America/New_York", "2024-11-03 01:30:00", "2024-11-03T05:30:00Z", "2024-11-03"}, // and again at 06:30Z
		{"America/New_York", "2024-11-03 02:00:00", "2024-11-03T07:00:00Z", "2024-11-03"},
		{"Europe/Berlin", "2024-03-31 02:30:00", "2024-03-31T01:30:00Z", "2024-03-31"},
		{"Europe/Berlin", "2024-10-27 02:30:00", "2024-10-27T00:30:00Z", "2024-10-27"},
		{"Australia/Lord_Howe", "2024-10-06 02:15:00", "2024-10-05T15:45:00Z", "2024-10-06"}, // half an hour: 02:45
		{"Australia/Lord_Howe", "2024-04-07 01:45:00", "2024-04-06T14:45:00Z", "2024-04-07"}, // and again at 15:15Z
		{"Asia/Shanghai", "1986-05-04 02:30:00", "1986-05-03T18:30:00Z", "1986-05-04"},
		{"Asia/Shanghai", "1991-09-15 01:30:00", "1991-09-14T16:30:00Z", "1991-09-15"},
		{"Asia/Shanghai", "2024-02-29 24:00", "2024-02-29T16:00:00Z", "2024-03-01"},
		{"Asia/Shanghai", "2023-12-31 23:59:60", "2023-12-31T16:00:00Z", "2024-01-01"},
		{"America/Sao_Paulo", "2018-11-04 00:00:00", "2018-11-04T03:00:00Z", "2018-11-04"}, // no midnight: 01:00
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", "2018-11-04"},
		{"America/Sao_Paulo", "2018-02-17 23:30", "2018-02-18T01:30:00Z", "2018-02-17"}, // the first of two
		{"America/Sao_Paulo", "2018-11-03 24:00", "2018-11-04T03:00:00Z", "2018-11-04"},
		{"Pacific/Apia", "2011-12-29 23:59:59", "2011-12-30T09:59:59Z", "2011-12-29"},
		{"Pacific/Apia", "2011-12-30 12:00:00", "2011-12-30T22:00:00Z", "2011-12-31"}, // a day that was left out
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", "2011-12-31"},
		{"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", "2011-12-31"},
	} {
		got := load(t, with(options("orders"), func(o *Options) { o.Zone = location(t, c.zone) }), 10, "order_id|customer_id|date", "1|7|"+c.cell)
		if len(got.rows) != 1 || got.rows[0]["ordered_at"] != c.at || got.rows[0]["ordered_on"] != c.on {
			t.Errorf("%s in %s is %v %v, want %s on %s", c.cell, c.zone, got.rows, got.rejects, c.at, c.on)
		}
	}
}

// The zone of a source's times is not that of the shop's days, and days alone
// are the shop's.
func TestZoneOfTimes(t *testing.T) {
	utc := with(options("orders"), func(o *Options) { o.Zone, o.Times = shanghai(t), time.UTC })
	west := with(options("orders"), func(o *Options) {
		o.Zone, o.Times = location(t, "America/New_York"), shanghai(t)
	})
	for _, c := range []struct {
		opt          Options
		header, cell string
		at, on       string
	}{
		{utc, "date", "2024-01-31 15:59:59", "2024-01-31T15:59:59Z", "2024-01-31"},
		{utc, "date", "2024-01-31 16:00:00", "2024-01-31T16:00:00Z", "2024-02-01"},
		{utc, "date", "2024-01-31 00:00:00", "2024-01-31T00:00:00Z", "2024-01-31"},
		{utc, "date", "2024-01-31", "2024-01-30T16:00:00Z", "2024-01-31"},
		{utc, "date", "2024-02-29 23:30:00 +08:00", "2024-02-29T15:30:00Z", "2024-02-29"},
		{utc, "date", "2023-12-31 20:00:00", "2023-12-31T20:00:00Z", "2024-01-01"},
		{utc, "date|time", "2024-01-31|20:00", "2024-01-31T20:00:00Z", "2024-02-01"},
		{utc, "date|time", "2024-01-31|24:00", "2024-02-01T00:00:00Z", "2024-02-01"},
		{utc, "date|time", "2024-01-31|0.75", "2024-01-31T18:00:00Z", "2024-02-01"},
		{utc, "date|time", "2024-01-31|2024-01-31 20:00:00+08:00", "2024-01-31T12:00:00Z", "2024-01-31"},
		{utc, "date|time", "2024-01-31|", "2024-01-30T16:00:00Z", "2024-01-31"},
		{west, "date", "2024-01-31 12:59:59", "2024-01-31T04:59:59Z", "2024-01-30"},
		{west, "date", "2024-01-31 13:00:00", "2024-01-31T05:00:00Z", "2024-01-31"},
		{west, "date", "2024-01-31", "2024-01-31T05:00:00Z", "2024-01-31"},
		{west, "date", "20240131", "2024-01-31T05:00:00Z", "2024-01-31"},
		{west, "Created (UTC)", "2024-01-31 04:59", "2024-01-31T04:59:00Z", "2024-01-30"},
		{west, "Created (UTC)", "2024-01-31", "2024-01-31T05:00:00Z", "2024-01-31"},
	} {
		got := load(t, c.opt, 10, "order_id|customer_id|"+c.header, "1|7|"+c.cell)
		if len(got.rows) != 1 || got.rows[0]["ordered_at"] != c.at || got.rows[0]["ordered_on"] != c.on {
			t.Errorf("%s %s, times of %s, days of %s: %v %+v, want %s on %s", c.header, c.cell, c.opt.Times, c.opt.Zone, got.rows, got.rejects, c.at, c.on)
		}
	}
}

// Days stay the days that are written, whatever zones there are; a time of day
// in a column of days is turned into the shop's.
func TestDaysAreNotShifted(t *testing.T) {
	for _, business := range []string{"Asia/Shanghai", "America/New_York", "Pacific/Apia"} {
		for _, times := range []string{"UTC", "Pacific/Kiritimati", "America/Los_Angeles"} {
			opt := with(options("customers"), func(o *Options) { o.Zone, o.Times = location(t, business), location(t, times) })
			for _, cell := range []string{"2000-02-29", "2000-02-29 00:00:00", "2000-02-29T00:00:00Z", "29/02/2000", "20000229", "2000年2月29日"} {
				got := load(t, opt, 10, "customer_id|birthday|joined", "7|"+cell+"|"+cell)
				if len(got.rows) != 1 || got.rows[0]["birth_date"] != "2000-02-29" || got.rows[0]["acquired_on"] != "2000-02-29" {
					t.Errorf("%s in %s, times of %s: %v %+v", cell, business, times, got.rows, got.rejects)
				}
			}
		}
	}
	opt := with(options("customers"), func(o *Options) { o.Zone, o.Times = shanghai(t), time.UTC })
	got := load(t, opt, 10, "customer_id|joined", "1|2024-01-31 16:00:00", "2|2024-01-31 15:59:59", "3|2024-01-31T16:00:00-05:00")
	if s := fmt.Sprint(got.rows[0]["acquired_on"], got.rows[1]["acquired_on"], got.rows[2]["acquired_on"]); s != "2024-02-012024-01-312024-02-01" {
		t.Errorf("joined on %s", s)
	}
}

// 1706693400 is 2024-01-31 09:30:00 UTC (date -d @1706693400), a spreadsheet's
// day 45322.395833333336.
func TestCounting(t *testing.T) {
	opt := with(options("orders"), func(o *Options) { o.Zone = shanghai(t) })
	const at, on = "2024-01-31T09:30:00Z", "2024-01-31"
	for _, c := range []struct {
		name    string
		opt     Options
		rows    string // cells of the column of dates
		at      string // the first row
		rejects string // reasons
		notes   string
	}{
		{"seconds", opt, "1706693400 1706693401 1706693402.5", at, "", `column "date": numbers read as seconds since 1970`},
		{"milliseconds", opt, "1706693400000 1706693401000", at, "", `column "date": numbers read as milliseconds since 1970`},
		{"milliseconds of 2001", opt, "946684800000 999999999999", "2000-01-01T00:00:00Z", "", `column "date": numbers read as milliseconds since 1970`},
		{"microseconds", opt, "1706693400000000", at, "", `column "date": numbers read as microseconds since 1970`},
		{"milliseconds with decimals", opt, "1706693400000.0 1706693400000.25", at, "", `column "date": numbers read as milliseconds since 1970`},
		{"nothing is 0", opt, "1706693400 0", at, reasonMissing, `column "date": numbers read as seconds since 1970`},
		{"most are seconds", opt, "1706693400 1706693400 1706693400000", at, countSeconds.refusal(),
			`column "date": numbers read as seconds since 1970; column "date": 1 numbers are no seconds since 1970`},
		{"one is a year", opt, "1706693400 2024", at, countSeconds.refusal(), `column "date": numbers read as seconds since 1970; column "date": 1 numbers are no seconds since 1970`},
		{"dates between", opt, "1706693400 2024-01-31", at, "", `column "date": numbers read as seconds since 1970`},
		{"days", opt, "45322.395833333336 45322", "2024-01-31T01:30:00Z", "", `column "date": numbers read as a spreadsheet's day numbers`},
		{"days and words for nothing", opt, "45322.3958333333 NULL", "2024-01-31T01:30:00Z", reasonMissing, `column "date": numbers read as a spreadsheet's day numbers`},
		{"days, rounded to a day's second", opt, "45322.39583", "2024-01-31T01:29:59.712Z", "", `column "date": numbers read as a spreadsheet's day numbers`},
		{"days and a date", opt, "2024-01-31 45322", "2024-01-30T16:00:00Z", reasonSerial, ""},
		{"days and dates, as told", with(opt, func(o *Options) { o.Dates = "excel" }), "2024-01-31 45322.5 31-Jan-2024 7 31/01/2024", "2024-01-30T16:00:00Z", countDays.refusal() + "; " + reasonYMD, ""},
		{"compact dates", opt, "20240131093000 202401310930 20240131", "2024-01-31T01:30:00Z", "", ""},
		{"a number that counts nothing", opt, "2024-01-31 170669", "2024-01-30T16:00:00Z", reasonNotDate, ""},
		{"another order does not matter", with(opt, func(o *Options) { o.Dates = "dmy" }), "1706693400 31/01/2024", at, "", `column "date": numbers read as seconds since 1970`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{1, 100} {
				rows := []string{"order_id|customer_id|date"}
				for i, cell := range strings.Fields(c.rows) {
					rows = append(rows, fmt.Sprintf("%d|7|%s", i, cell))
				}
				got := load(t, c.opt, size, rows...)
				if size == 1 && (c.name == "days and a date" || c.name == "one is a year") {
					continue // what the first piece shows decides
				}
				if len(got.rows) == 0 || got.rows[0]["ordered_at"] != c.at || got.rows[0]["ordered_on"] != on && c.at == at {
					t.Fatalf("rows %v, rejects %+v, want %s", got.rows, got.rejects, c.at)
				}
				var reasons []string
				for _, r := range got.rejects {
					reasons = append(reasons, r.Reason)
				}
				if strings.Join(reasons, "; ") != c.rejects {
					t.Errorf("rejects are %q, want %q", reasons, c.rejects)
				}
				var notes []string
				for _, n := range got.file.Notes {
					if strings.Contains(n, "number") {
						notes = append(notes, n)
					}
				}
				if size == 100 && strings.Join(notes, "; ") != c.notes {
					t.Errorf("notes are %q, want %q", notes, c.notes)
				}
			}
		})
	}
}

// Dates of birth may be older than what tells a number from a date; they follow
// the facts of their file.
func TestCountingOfBirthDates(t *testing.T) {
	for _, c := range []struct{ joined, born, want string }{
		{"1706693400", "473385600", "1985-01-01"}, // date -d @473385600
		{"1706693400", "-157766400", "1965-01-01"},
		{"1706693400000", "473385600000", "1985-01-01"},
		{"1706693400", "1985", countSeconds.refusal()},
		{"1706693400", "39", countSeconds.refusal()},
		{"1706693400", "4102444800", countSeconds.refusal()},
		{"45322", "31048", "1985-01-01"}, // DATE(1985,1,1) of a spreadsheet
		{"45322", "1985", countDays.refusal()},
		{"2024-01-31", "473385600", reasonNotDate},
	} {
		got := load(t, with(options("customers"), func(o *Options) { o.Zone = shanghai(t) }), 10, "customer_id|joined|birthday", "7|"+c.joined+"|"+c.born)
		value := ""
		if len(got.rows) == 1 {
			value = got.rows[0]["birth_date"]
		} else if len(got.rejects) == 1 {
			value = got.rejects[0].Reason
		}
		if value != c.want {
			t.Errorf("born %s, joined %s: %s, want %s", c.born, c.joined, value, c.want)
		}
	}
}

// Numbers that count are the instants that package time says.
func TestCountIsReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMicro(rapid.Int64Range(countFrom*1e6, countTo*1e6-1).Draw(t, "at")).UTC()
		unit := rapid.SampledFrom([]counting{countSeconds, countMillis, countMicros, countDays}).Draw(t, "unit")
		var text string
		want := at
		switch unit {
		case countSeconds:
			text = fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000)
		case countMillis:
			text = fmt.Sprintf("%d.%03d", at.UnixMilli(), at.Nanosecond()/1000%1000)
		case countMicros:
			text = fmt.Sprint(at.UnixMicro())
		case countDays: // as a spreadsheet writes a double, exact to half a millisecond
			want = at.Truncate(time.Millisecond)
			text = fmt.Sprint(float64(want.UnixMilli())/86400e3 + sheetDays)
		}
		if found, ok := unitOf([]byte(text)); !ok || found != unit {
			t.Fatalf("%s counts %s, want %s", text, found, unit)
		}
		var m moment
		if reason, ok := parseCount([]byte(text), unit, false, &m); !ok || reason != "" {
			t.Fatalf("%s: %s", text, reason)
		}
		if got := time.Unix(int64(m.day)*86400, m.micros*1000).UTC(); !got.Equal(want) || m.zoned != (unit != countDays) {
			t.Fatalf("%s in %s is %s, want %s", text, unit, got, want)
		}
	})
}
