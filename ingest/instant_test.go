package ingest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// render writes a moment as it was written, in ISO form.
func render(m moment) string {
	s := renderDay(m.day)
	if m.timed {
		s += time.UnixMicro(m.micros).UTC().Format(" 15:04:05.999999")
	}
	if m.zoned {
		if m.offset == 0 {
			return s + "Z"
		}
		sign := '+'
		if m.offset < 0 {
			sign, m.offset = '-', -m.offset
		}
		s += fmt.Sprintf("%c%02d:%02d", sign, m.offset/3600, m.offset/60%60)
	}
	return s
}

func TestMoment(t *testing.T) {
	for _, c := range []struct {
		in    string
		order dateOrder
		want  string
	}{
		{"2024-01-31", 0, "2024-01-31"},
		{"2024-1-3", 0, "2024-01-03"},
		{"2024/1/31", 0, "2024-01-31"},
		{"2024.01.31", 0, "2024-01-31"},
		{"20240131", 0, "2024-01-31"},
		{"20240131093000", 0, "2024-01-31 09:30:00"},
		{"202401310930", 0, "2024-01-31 09:30:00"},
		{"20240131T093000Z", 0, "2024-01-31 09:30:00Z"},
		{"20240131 09:30", 0, "2024-01-31 09:30:00"},
		{"2024-01-31 09:30:00", 0, "2024-01-31 09:30:00"},
		{"2024-01-31T09:30:00Z", 0, "2024-01-31 09:30:00Z"},
		{"2024-01-31T09:30:00.123456789Z", 0, "2024-01-31 09:30:00.123456Z"},
		{"2024-01-31T09:30:00.5+08:00", 0, "2024-01-31 09:30:00.5+08:00"},
		{"2024-01-31 09:30:00 -0500", 0, "2024-01-31 09:30:00-05:00"}, // Shopify
		{"2024-01-31 09:30:00 +0000 UTC", 0, "2024-01-31 09:30:00Z"},
		{"2024-01-31 09:30:00 UTC", 0, "2024-01-31 09:30:00Z"},
		{"2024-01-31 9:30", 0, "2024-01-31 09:30:00"},
		{"2024-01-31 9:30 PM", 0, "2024-01-31 21:30:00"},
		{"2024-01-31 12:05 am", 0, "2024-01-31 00:05:00"},
		{"2024-01-31 12:05pm", 0, "2024-01-31 12:05:00"},
		{"2024-01-31 3 PM", 0, "2024-01-31 15:00:00"},
		{"31/01/2024", orderDMY, "2024-01-31"},
		{"01/31/2024", orderMDY, "2024-01-31"},
		{"3/4/2024 13:05", orderDMY, "2024-04-03 13:05:00"},
		{"3/4/2024 1:05 PM", orderMDY, "2024-03-04 13:05:00"},
		{"31.01.2024", orderDMY, "2024-01-31"},
		{"31-01-2024", orderDMY, "2024-01-31"},
		{"31/1/24", orderDMY, "2024-01-31"},
		{"1/31/99", orderMDY, "1999-01-31"},
		{"24/01/31", orderYMD, "2024-01-31"},
		{"31 Jan 2024", 0, "2024-01-31"},
		{"31-Jan-24", 0, "2024-01-31"},
		{"Jan 31, 2024", 0, "2024-01-31"},
		{"January 31st, 2024 9:30 a.m.", 0, "2024-01-31 09:30:00"},
		{"Wed, 31 Jan 2024 09:30:00 GMT", 0, "2024-01-31 09:30:00Z"},
		{"31/Jan/2024:09:30:00 +0800", 0, "2024-01-31 09:30:00+08:00"},
		{"2024年1月31日", 0, "2024-01-31"},
		{"2024年01月31日 09:30:00", 0, "2024-01-31 09:30:00"},
		{"2024年1月31日9时30分5秒", 0, "2024-01-31 09:30:05"},
		{"2024年1月31日9时", 0, "2024-01-31 09:00:00"},
		{"2024年1月31日 下午3:05", 0, "2024-01-31 15:05:00"},
		{"2024年1月31日下午3点05分", 0, "2024-01-31 15:05:00"},
		{"2024/1/31 上午 12:05", 0, "2024-01-31 00:05:00"},
		{"2024年1月31日 星期三 中午12:05", 0, "2024-01-31 12:05:00"},
		{"２０２４－０１－３１　０９：３０", 0, "2024-01-31 09:30:00"},
		{"2024年3月5日 上午10:00", 0, "2024-03-05 10:00:00"},
		{"2024/3/5 下午3:04", 0, "2024-03-05 15:04:00"},
		{"2024年1月31日 中午11:50", 0, "2024-01-31 11:50:00"},
		{"2024年1月31日 中午1点", 0, "2024-01-31 13:00:00"},
		{"Mar 5, 2024 3:04 PM", 0, "2024-03-05 15:04:00"},
		{"Mar 5, 2024 3:04:05 PM PST", 0, "2024-03-05 15:04:05-08:00"}, // Amazon
		{"Tue, 05 Mar 2024 15:04:05 +0800", 0, "2024-03-05 15:04:05+08:00"},
		{"Tue Mar 05 2024 15:04:05 GMT+0800 (China Standard Time)", 0, "2024-03-05 15:04:05+08:00"}, // browsers
		{"Tue Mar 05 2024 15:04:05 GMT+0800 (中国标准时间)", 0, "2024-03-05 15:04:05+08:00"},
		{"2024-03-05T15:04:05.123Z", 0, "2024-03-05 15:04:05.123Z"},
		{"2024-03-05 15:04:05 -0400", 0, "2024-03-05 15:04:05-04:00"},
		{"2024-03-05 15:04:05 +0800 CST", 0, "2024-03-05 15:04:05+08:00"}, // Go
		{"05-Mar-2024", 0, "2024-03-05"},
		{"20240305", 0, "2024-03-05"},
		{"20240305150405", 0, "2024-03-05 15:04:05"},
		{"2024-01-31 24:00", 0, "2024-02-01 00:00:00"},
		{"2024-12-31T24:00:00Z", 0, "2025-01-01 00:00:00Z"},
		{"20240229240000", 0, "2024-03-01 00:00:00"},
		{"2016-12-31 23:59:60", 0, "2017-01-01 00:00:00"}, // a leap second that there was
		{"2017-01-01 07:59:60.25+08:00", 0, "2017-01-01 08:00:00.25+08:00"},
		{"2023-12-31 23:59:59.999999", 0, "2023-12-31 23:59:59.999999"},
		{"2024-01-01 00:00:00", 0, "2024-01-01 00:00:00"},
		{"2024-02-29", 0, "2024-02-29"},
		{"1900-01-01", 0, "1900-01-01"},

		{"2024-02-30", 0, reasonNoDay},
		{"2023-02-29", 0, reasonNoDay},
		{"1900-02-29", 0, reasonNoDay},
		{"2024-13-01", 0, reasonNoDay},
		{"2024-00-10", 0, reasonNoDay},
		{"20240231", 0, reasonNoDay},
		{"31/04/2024", orderDMY, reasonNoDay},
		{"2024-01-31 25:00", 0, reasonNoTime},
		{"2024-01-31 09:60:00", 0, reasonNoTime},
		{"2024-01-31 13:00 AM", 0, reasonNoTime},
		{"1899-12-31", 0, reasonOld},
		{"0204-01-31", 0, reasonOld},
		{"01/31/2024", orderDMY, reasonDMY},
		{"31/01/2024", orderMDY, reasonMDY},
		{"31/01/2024", orderYMD, reasonYMD},
		{"2024-01", 0, reasonNotDate},
		{"2024", 0, reasonNotDate},
		{"45322", 0, reasonSerial},
		{"45322.5", 0, reasonSerial},
		{"1706693400", 0, reasonCount},
		{"1706693400123", 0, reasonCount},
		{"1706693400123456", 0, reasonCount},
		{"17066934001234567", 0, reasonNotDate},
		{"2024-W05-3", 0, reasonWeek},
		{"2024W053", 0, reasonWeek},
		{"2024-W05", 0, reasonWeek},
		{"2024-031", 0, reasonWeek},
		{"2024-031T09:30", 0, reasonWeek},
		{"2024031", 0, reasonWeek},
		{"2024-399", 0, reasonNotDate},
		{"2024-01-31 24:01", 0, reasonNoTime},
		{"2024-01-31 24:00:00.5", 0, reasonNoTime},
		{"2024-01-31 23:59:61", 0, reasonNoTime},
		{"2024-01-31 09:30 CST", 0, reasonZone},
		{"2024-01-31 09:30 (about)", 0, reasonNotDate},
		{"2024-01-31 09:30 XYZ", 0, reasonNotDate},
		{"soon", 0, reasonNotDate},
		{"2024-01-31 soon", 0, reasonNotDate},
		{"2024-01-31 9", 0, reasonNotDate},
		{"2024-01-31-05:00", 0, reasonNotDate},
		{"31 Foo 2024", 0, reasonNotDate},
		{"12.50", 0, reasonNotDate},
		{"", 0, reasonNotDate},
	} {
		var m moment
		got := parseMoment([]byte(c.in), c.order, &m)
		if got == "" {
			got = render(m)
		}
		if got != c.want {
			t.Errorf("%q in %s order is %s, want %s", c.in, c.order, got, c.want)
		}
	}
}

// Every day of two centuries is numbered as the standard library does.
func TestDayNumber(t *testing.T) {
	for d := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() < 2101; d = d.AddDate(0, 0, 1) {
		n, ok := dayNumber(d.Year(), int(d.Month()), d.Day())
		if !ok || int64(n) != d.Unix()/86400-b2i(d.Unix() < 0 && d.Unix()%86400 != 0) {
			t.Fatalf("%s is day %d", d, n)
		}
	}
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Dates and times in the usual layouts are read as they were written.
func TestMomentIsReadAsWritten(t *testing.T) {
	layouts := map[string]dateOrder{
		"2006-01-02": 0, "2006/1/2": 0, "20060102": 0, "2006.01.02": 0, "2006年1月2日": 0, "2 Jan 2006": 0, "January 2, 2006": 0,
		"02/01/2006": orderDMY, "2.1.2006": orderDMY, "1/2/2006": orderMDY, "01-02-2006": orderMDY, "2/1/06": orderDMY, "06/01/02": orderYMD,
	}
	clocks := []string{"", " 15:04:05", "T15:04:05", " 15:04", " 3:04:05 PM", " 3:04 pm", " 15:04:05.000000", "T15:04:05Z07:00", " 15:04:05 -0700", " 15时04分05秒"}
	var names []string
	for l := range layouts {
		names = append(names, l)
	}
	rapid.Check(t, func(t *rapid.T) {
		layout := rapid.SampledFrom(names).Draw(t, "date")
		clock := rapid.SampledFrom(clocks).Draw(t, "clock")
		from, to := int64(-2208988800), int64(4102444800) // 1900 to 2100
		if strings.Contains(layout, "06") && !strings.Contains(layout, "2006") {
			from, to = 0, 3124224000 // 1970 to 2069 have two digits
		}
		offset := rapid.IntRange(-12*4, 14*4).Draw(t, "offset") * 900
		at := time.Unix(rapid.Int64Range(from+86400, to-86400).Draw(t, "at"), 0).In(time.FixedZone("", offset))
		text := at.Format(layout + clock)
		var m moment
		if reason := parseMoment([]byte(text), layouts[layout], &m); reason != "" {
			t.Fatalf("%q: %s", text, reason)
		}
		if want := at.Format("2006-01-02"); renderDay(m.day) != want {
			t.Fatalf("%q is the day %s, want %s", text, renderDay(m.day), want)
		}
		if m.timed != (clock != "") {
			t.Fatalf("%q: timed is %v", text, m.timed)
		}
		want := int64(at.Hour()*3600 + at.Minute()*60)
		if strings.Contains(clock, "05") {
			want += int64(at.Second())
		}
		if clock != "" && m.micros != want*1e6 {
			t.Fatalf("%q is %d µs of the day, want %d s", text, m.micros, want)
		}
		if strings.Contains(clock, "07") && (!m.zoned || m.offset != int64(offset)) {
			t.Fatalf("%q is %d s east, want %d", text, m.offset, offset)
		}
	})
}

// UTC instants and local dates are those of the standard library, in zones with
// and without summer time. Where the clock skips or repeats an hour the rule of
// zone holds: forward by the gap, the first of two.
func TestZone(t *testing.T) {
	for _, name := range []string{"UTC", "Asia/Shanghai", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo"} {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Skipf("no zone data: %v", err)
		}
		z := newZone(loc)
		cur := z.cursor()
		rapid.Check(t, func(t *rapid.T) {
			local := rapid.Int64Range(-2208988800, 4102444800).Draw(t, "local")
			if rapid.Bool().Draw(t, "near") && len(z.bounds) > 0 {
				local = rapid.SampledFrom(z.bounds).Draw(t, "bound") + rapid.Int64Range(-100000, 100000).Draw(t, "by")
			}
			checkZone(t, &cur, loc, local)
		})
	}
}

func checkZone(t *rapid.T, cur *cursor, loc *time.Location, local int64) {
	utc := cur.utc(local)
	at := time.Unix(utc, 0).In(loc)
	if want := civil(at) / 86400; int64(cur.day(utc)) != floorDiv(civil(at), 86400) {
		t.Fatalf("%d in %s is day %d, want %d", utc, loc, cur.day(utc), want)
	}
	if back := civil(at); back != local {
		// The time does not exist: it was moved forward by the length of the gap.
		before, after := offsetAt(loc, utc-86400), offsetAt(loc, utc)
		if back < local || back-local != after-before {
			t.Fatalf("local %d in %s became %d", local, loc, back)
		}
		return
	}
	// The first of two: an earlier instant with the same local time does not exist.
	for _, shift := range []int64{1800, 3600, 7200} {
		if earlier := time.Unix(utc-shift, 0).In(loc); civil(earlier) == local {
			t.Fatalf("local %d in %s occurs %d s earlier", local, loc, shift)
		}
	}
}

func civil(t time.Time) int64 {
	_, offset := t.Zone()
	return t.Unix() + int64(offset)
}

func offsetAt(loc *time.Location, utc int64) int64 {
	_, offset := time.Unix(utc, 0).In(loc).Zone()
	return int64(offset)
}

func TestDateEvidence(t *testing.T) {
	for _, c := range []struct {
		cells string
		want  string
	}{
		{"2024-01-31 20240131 2024年1月31日", "silent"},
		{"31/01/2024 03/04/2024", "day/month/year"},
		{"01/31/2024 03/04/2024", "month/day/year"},
		{"03/04/2024 05/06/2024", "undecided"},
		{"03.04.2024 05.06.2024", "day/month/year"}, // nobody writes the month first with dots
		{"05/05/2024", "day/month/year"},            // either way the same day
		{"31/01/2024 30/01/2024 01/31/2024", "day/month/year"},
		{"31/01/2024 01/31/2024", "undecided"},
		{"24/01/31 24/01/02 24/02/17", "year-month-day"},
		{"31/01/24 02/01/24 17/02/24", "day/month/year"},
		{"01/31/24 01/02/24 02/17/24", "month/day/year"},
	} {
		var e dateEvidence
		for _, cell := range strings.Fields(c.cells) {
			e.look([]byte(cell))
		}
		order, ok := e.order()
		got := order.String()
		if !ok {
			got = "undecided"
		}
		if e.silent() {
			got = "silent"
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.cells, got, c.want)
		}
	}
}

func FuzzInstant(f *testing.F) {
	for _, s := range []string{"2024-01-31", "31/01/2024 9:30 PM", "2024年1月31日 下午3:05", "20240131T093000Z", "Jan 31, 2024", "1706693400", "24/1/2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, order := range []dateOrder{orderYMD, orderDMY, orderMDY} {
			var m, again moment
			if parseMoment([]byte(s), order, &m) != "" {
				continue
			}
			if m.micros < 0 || m.micros >= 86400e6 {
				t.Fatalf("%q is %d µs of the day", s, m.micros)
			}
			if d := time.Unix(int64(m.day)*86400, 0).UTC(); d.Year() > 9999 {
				continue // the end of 9999-12-31
			}
			if reason := parseMoment([]byte(render(m)), order, &again); reason != "" || again != m {
				t.Fatalf("%q is %q, which is read as %q %s", s, render(m), render(again), reason)
			}
		}
		for _, order := range []dateOrder{orderYMD, orderDMY, orderMDY} {
			clock := moment{day: 19000}
			if parseTime([]byte(s), order, &clock) == "" && (!clock.timed || clock.micros < 0 || clock.micros >= 86400e6 || clock.day != 19000 && clock != (moment{day: 19001, timed: true, zoned: clock.zoned, offset: clock.offset, micros: clock.micros})) {
				t.Fatalf("%q is the time %+v", s, clock)
			}
		}
		for unit := countSeconds; unit < countings; unit++ {
			for _, past := range []bool{false, true} {
				var m moment
				if reason, ok := parseCount([]byte(s), unit, past, &m); ok && reason == "" && (m.micros < 0 || m.micros >= 86400e6 || m.day < oldestDay || m.day >= countTo/daySecs) {
					t.Fatalf("%q counted in %s is %+v", s, unit, m)
				}
			}
		}
		new(dateEvidence).look([]byte(s))
	})
}
