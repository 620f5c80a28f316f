package ingest

import (
	"bytes"
	"unicode/utf8"
)

// dateOrder is the order of day, month and year in 03/04/2024 and 03/04/24.
type dateOrder uint8

const (
	orderYMD dateOrder = iota // forms with the year last are no dates
	orderDMY
	orderMDY
)

func (o dateOrder) String() string {
	return [...]string{"year-month-day", "day/month/year", "month/day/year"}[o]
}

// moment is a date and time of day as it is written, before its zone is known.
type moment struct {
	day    int32 // days since 1970-01-01 of the date as written
	micros int64 // since midnight
	timed  bool  // a time of day is written
	zoned  bool  // a zone is written: offset is seconds east of UTC
	offset int64
}

// Reasons of rejects of dates.
const (
	reasonNotDate = "not a date"
	reasonNoDay   = "no such day"
	reasonNoTime  = "no such time of day"
	reasonWeek    = "a date by week or by day of the year; export it as year-month-day"
	reasonZone    = "a zone by letters that have more than one meaning; export times with an offset such as +08:00"
	reasonCount   = "a number where the rest of the column has dates"
	reasonSerial  = "perhaps a spreadsheet's day number; export dates as text, or say --dates excel"
	reasonOld     = "a year before 1900"
	reasonFuture  = "more than a day after the moment of loading"
	reasonYMD     = "not a date in year-month-day order; say which it is with --dates dmy or --dates mdy"
	reasonDMY     = "not a date in day/month/year order; where the month stands first, say so with --dates mdy"
	reasonMDY     = "not a date in month/day/year order; where the day stands first, say so with --dates dmy"
)

func reasonOrder(o dateOrder) string { return [...]string{reasonYMD, reasonDMY, reasonMDY}[o] }

// parseMoment reads a trimmed cell as a date with or without a time of day:
//
//	2024-01-31  2024/1/31  2024.1.31  31/01/2024  1/31/24  20240131  20240131093000
//	31 Jan 2024  Jan 31, 2024  Wed, 31 Jan 2024  2024年1月31日  2024年1月31日 下午3:05
//	2024-01-31 09:30[:00[.123456]] [AM|PM] [Z|UTC|PST|+08:00|+0800]  2024-01-31T09:30:00Z
//
// order says how forms with the year last are read. Two-digit years up to 68
// are of this century (POSIX). 24:00 is the midnight at the end of the day (ISO
// 8601), and second 60, a leap second, the second after (POSIX). Dates by week
// or day of the year are none. Numbers that count seconds or days are read by
// parseCount, MySQL's 0000-00-00 must be caught before (zeroDate).
func parseMoment(b []byte, order dateOrder, m *moment) (reason string) {
	if isoMoment(b, m) {
		return ""
	}
	if reason := readMoment(b, order, m); reason != "" {
		return reason
	}
	m.carry()
	return ""
}

// carry makes the end of a day, 24:00 or 23:59:60, the beginning of the next one.
func (m *moment) carry() {
	if m.micros >= daySecs*1e6 {
		m.day, m.micros = m.day+1, m.micros-daySecs*1e6
	}
}

// readMoment is parseMoment for all forms, with 24:00 as it is written.
func readMoment(b []byte, order dateOrder, m *moment) (reason string) {
	b, comment := cutComment(b)
	var buf [64]byte
	p, ok := foldDate(buf[:0], b)
	if !ok {
		return reasonNotDate
	}
	*m = moment{}
	d, rest, ok := splitDate(p)
	if !ok {
		return noDate(p)
	}
	year, month, day, reason := d.resolve(order)
	if reason != "" {
		return reason
	}
	if m.day, ok = dayNumber(year, month, day); !ok {
		return reasonNoDay
	}
	if year < 1900 {
		return reasonOld
	}
	if d.form == formCompactTime {
		return clockOf(d.clock/10000, d.clock/100%100, d.clock%100, m)
	}
	if reason = parseClock(rest, m); reason == "" && comment && !m.zoned {
		return reasonNotDate
	}
	return reason
}

// cutComment removes what browsers write in brackets behind an offset:
// GMT+0800 (China Standard Time).
func cutComment(b []byte) (_ []byte, cut bool) {
	if i := bytes.IndexByte(b, '('); i > 0 && b[len(b)-1] == ')' {
		return trim(b[:i]), true
	}
	return b, false
}

// noDate is the reason to refuse a folded text that splitDate does not know.
func noDate(p []byte) string {
	n, digits, rest := number(skipBlanks(p))
	switch {
	case digits == 4 && len(rest) > 1 && rest[0] == '-' && rest[1] == 'W', digits == 4 && len(rest) > 1 && rest[0] == 'W': // 2024-W05-3
		return reasonWeek
	case digits == 4 && len(rest) >= 4 && rest[0] == '-': // 2024-031
		if day, three, after := number(rest[1:]); three == 3 && day <= 366 && (len(after) == 0 || after[0] == 'T' || after[0] == ' ') {
			return reasonWeek
		}
	case digits == 7 && len(rest) == 0 && n/1000 >= 1900 && n/1000 < 2100 && n%1000 >= 1 && n%1000 <= 366: // 2024031
		return reasonWeek
	}
	switch unit, ok := unitOf(p); {
	case ok && unit == countDays:
		return reasonSerial
	case ok && unit != countNone:
		return reasonCount
	}
	return reasonNotDate
}

// counting says what the plain numbers of a column of dates count.
type counting uint8

const (
	countNone    counting = iota // there are none
	countSeconds                 // seconds since 1970-01-01 00:00 UTC
	countMillis
	countMicros
	countDays // a spreadsheet's day numbers: days since 1899-12-30, with the time of day as decimals
	countings
)

func (c counting) String() string {
	return [...]string{"dates as they are written", "seconds since 1970", "milliseconds since 1970", "microseconds since 1970", "a spreadsheet's day numbers"}[c]
}

// micros is how many microseconds one of a counting is.
func (c counting) micros() int64 { return [...]int64{0, 1e6, 1e3, 1, daySecs * 1e6}[c] }

// refusal is the reason of a reject in a column that counts.
func (c counting) refusal() string {
	return [...]string{"", "no number of seconds since 1970, as the rest of the column is", "no number of milliseconds since 1970, as the rest of the column is",
		"no number of microseconds since 1970, as the rest of the column is", "no day number of a spreadsheet, as the rest of the column is"}[c]
}

// Bounds of numbers that are taken for dates, in seconds and days since 1970-01-01.
const (
	countFrom  = 946_684_800   // 2000-01-01
	countTo    = 4_102_444_800 // 2100-01-01
	sheetDays  = 25_569        // the first day of spreadsheets is so many days earlier
	oldestDay  = -25_567       // 1900-01-01
	oldestCell = -21_915       // 1910-01-01
)

// countOf reads digits, a sign before them or decimals behind them perhaps.
func countOf(b []byte) (whole int64, frac []byte, ok bool) {
	negative := len(b) > 1 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	i := 0
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		if i == 17 {
			return 0, nil, false
		}
		whole = whole*10 + int64(b[i]-'0')
	}
	if i == 0 {
		return 0, nil, false
	}
	if i < len(b) {
		if b[i] != '.' || i == len(b)-1 || negative {
			return 0, nil, false
		}
		frac = b[i+1:]
		for _, c := range frac {
			if c-'0' > 9 {
				return 0, nil, false
			}
		}
	}
	if negative {
		whole = -whole
	}
	return whole, frac, true
}

// unitOf tells what a number counts if it is a date of the years 2000 to 2099:
// the ranges do not meet. It says false to what is no number, and to 20240131
// and other dates without separators.
func unitOf(b []byte) (unit counting, ok bool) {
	whole, _, ok := countOf(b)
	switch {
	case !ok:
		return countNone, false
	case whole >= countFrom && whole < countTo:
		return countSeconds, true
	case whole >= countFrom*1e3 && whole < countTo*1e3:
		return countMillis, true
	case whole >= countFrom*1e6 && whole < countTo*1e6:
		return countMicros, true
	case whole >= countFrom/daySecs+sheetDays && whole < countTo/daySecs+sheetDays:
		return countDays, true
	}
	if d, _, date := splitDate(b); date {
		year, month, day, _ := d.resolve(orderYMD)
		_, date = dayNumber(year, month, day)
		return countNone, !date
	}
	return countNone, true
}

// parseCount reads a number of a column of which is known what it counts: facts
// from 2000 to 2099, other dates (past) from 1900 to 2099 without the months
// around 1970 and the spreadsheets' first ten years, where ages and years would
// lie that were taken for dates. It says false to what is no number. Day numbers
// are exact to a millisecond; a whole one is a day without a time of day.
func parseCount(b []byte, unit counting, past bool, m *moment) (reason string, ok bool) {
	whole, frac, ok := countOf(b)
	if !ok {
		return "", false
	}
	*m = moment{timed: true, zoned: true}
	if unit == countDays {
		*m = moment{timed: len(bytes.Trim(frac, "0")) > 0}
		whole -= sheetDays
	}
	if limit := countTo * 1e6 / unit.micros(); whole > limit || whole < -limit {
		return unit.refusal(), true
	}
	at := whole*unit.micros() + fractionOf(frac, unit)
	day := floorDiv(at, daySecs*1e6)
	m.day, m.micros = int32(day), at-day*daySecs*1e6
	first, near := int64(countFrom/daySecs), false
	switch {
	case past && unit == countDays:
		first = oldestCell
	case past:
		first, near = oldestDay, day > -116 && day < 116
	}
	if day < first || day >= countTo/daySecs || near {
		return unit.refusal(), true
	}
	return "", true
}

// moment reads a trimmed cell of the column.
func (c *column) moment(b []byte, m *moment) (reason string) {
	if c.count != countNone {
		if reason, ok := parseCount(b, c.count, c.typ != typeInstant, m); ok {
			return reason
		}
	}
	return parseMoment(b, c.order, m)
}

const reasonNotClock = "not a time of day"

// parseTime reads a cell of a column of times of day into a moment that has its
// day; a cell with a date as well gives its time and zone, and 0.375 is the
// fraction of a day that spreadsheets write.
func parseTime(b []byte, order dateOrder, m *moment) (reason string) {
	var buf [64]byte
	p, ok := foldDate(buf[:0], b)
	if !ok {
		return reasonNotClock
	}
	at := *m
	clock := parseClock(p, &at)
	if clock == "" && at.timed {
		at.carry()
		*m = at
		return ""
	}
	whole := moment{}
	if n, frac, ok := countOf(b); ok && n == 0 && len(frac) > 0 {
		whole.micros, whole.timed = fractionOf(frac, countDays), true
	} else if reason := readMoment(b, order, &whole); reason == reasonNoTime || clock == reasonNoTime {
		return reasonNoTime
	} else if reason != "" || !whole.timed {
		return reasonNotClock
	}
	whole.day = m.day
	whole.carry()
	*m = whole
	return ""
}

// fractionOf is the decimals of a number in microseconds; those of days are
// rounded to a millisecond, finer than which spreadsheets do not write them.
func fractionOf(frac []byte, unit counting) int64 {
	if unit == countDays {
		n := uint64(0) // in units of 1e-11 days
		for i := range 11 {
			if n *= 10; i < len(frac) {
				n += uint64(frac[i] - '0')
			}
		}
		return int64((n*daySecs*1000+5e10)/1e11) * 1000
	}
	micros, part := int64(0), unit.micros()
	for _, c := range frac {
		part /= 10
		micros += int64(c-'0') * part
	}
	return micros
}

func trailing(rest []byte) string {
	if len(rest) > 0 {
		return reasonNotDate
	}
	return ""
}

// isoMoment reads the common forms in one go: 2024-01-31, and with a blank or T
// 09:30:00, .123 and Z. It says false to anything else, also to errors.
func isoMoment(b []byte, m *moment) bool {
	if len(b) < 10 || b[4] != '-' || b[7] != '-' {
		return false
	}
	year, ok1 := four(b)
	month, ok2 := two(b[5:])
	day, ok3 := two(b[8:])
	if !ok1 || !ok2 || !ok3 || year < 1900 {
		return false
	}
	n, ok := dayNumber(year, month, day)
	if !ok {
		return false
	}
	if len(b) == 10 {
		*m = moment{day: n}
		return true
	}
	if len(b) < 19 || b[10] != ' ' && b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return false
	}
	h, ok1 := two(b[11:])
	min, ok2 := two(b[14:])
	s, ok3 := two(b[17:])
	if !ok1 || !ok2 || !ok3 || h > 23 || min > 59 || s > 59 {
		return false
	}
	micros := int64(h*3600+min*60+s) * 1e6
	b = b[19:]
	if len(b) > 1 && b[0] == '.' {
		i, frac := 1, int64(0)
		for unit := int64(100_000); i < len(b) && b[i]-'0' <= 9; i++ {
			frac += int64(b[i]-'0') * unit
			unit /= 10
		}
		if i == 1 {
			return false
		}
		micros += frac
		b = b[i:]
	}
	zoned := len(b) == 1 && b[0] == 'Z'
	if len(b) > 0 && !zoned {
		return false
	}
	*m = moment{day: n, micros: micros, timed: true, zoned: zoned}
	return true
}

func two(b []byte) (int, bool) {
	a, c := b[0]-'0', b[1]-'0'
	return int(a)*10 + int(c), a <= 9 && c <= 9
}

func four(b []byte) (int, bool) {
	a, ok1 := two(b)
	c, ok2 := two(b[2:])
	return a*100 + c, ok1 && ok2
}

// zeroDate reports 0000-00-00 and 0, how databases and programs that count
// seconds write that there is no date.
func zeroDate(b []byte) bool {
	return bytes.HasPrefix(b, []byte("0000-00-00")) || len(b) == 1 && b[0] == '0'
}

// foldDate writes a date in plain upper-case characters: full-width forms
// folded, 年 月 as -, 时 分 as :, 上午 and 下午 as AM and PM. It says false when a
// character cannot belong to a date, or the text is too long for one.
func foldDate(dst, b []byte) ([]byte, bool) {
	if len(b) == 0 || len(b) > 64 {
		return nil, false
	}
	for i := 0; i < len(b); {
		r, size := rune(b[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(b[i:])
			r = plain(r)
		}
		i += size
		switch {
		case r >= '0' && r <= '9', r == '-', r == '/', r == '.', r == ':', r == ' ', r == ',', r == '+':
			dst = append(dst, byte(r))
		case r >= 'A' && r <= 'Z':
			dst = append(dst, byte(r))
		case r >= 'a' && r <= 'z':
			dst = append(dst, byte(r-'a'+'A'))
		case r == '\t':
			dst = append(dst, ' ')
		case r == '年', r == '月':
			dst = append(dst, '-')
		case r == '日', r == '号', r == '秒':
			dst = append(dst, ' ')
		case r == '时', r == '時', r == '点', r == '點', r == '分':
			dst = append(dst, ':')
		default:
			word, skip := chineseWord(r, b[i:])
			if skip == 0 {
				return nil, false
			}
			dst, i = append(dst, word...), i+skip
		}
		if len(dst) > 60 {
			return nil, false
		}
	}
	return dst, true
}

// chineseWord reads the rest of 上午, 下午, 星期三 ... whose first character was
// read, and returns what stands for it and how many bytes it took.
func chineseWord(first rune, rest []byte) (word string, size int) {
	next, size := utf8.DecodeRune(rest)
	switch {
	case first == '上' && next == '午', first == '早' && next == '上', first == '凌' && next == '晨', first == '清' && next == '晨':
		return " AM ", size
	case first == '下' && next == '午', first == '晚' && next == '上', first == '傍' && next == '晚':
		return " PM ", size
	case first == '中' && next == '午':
		return " NN ", size
	case first == '周' && size > 1:
		return " ", size
	case first == '星' && next == '期', first == '礼' && next == '拜':
		_, third := utf8.DecodeRune(rest[size:])
		return " ", size + third
	}
	return "", 0
}

// dateForm says how the parts of a date are written.
type dateForm uint8

const (
	formYMD         dateForm = iota // year first, or a month's name: one reading only
	formEnd                         // a/b/year: order to be known
	formCompactTime                 // 20240131093000
)

// dateParts is a date cut into numbers. For formEnd a and b are day and month in
// some order and c is the year; otherwise year, month, day.
type dateParts struct {
	form    dateForm
	a, b, c int
	short   bool // the year has two digits
	dotted  bool // separated by dots
	clock   int  // formCompactTime: HHMMSS
}

// splitDate cuts the date off the front of a folded text.
func splitDate(p []byte) (d dateParts, rest []byte, ok bool) {
	p = skipBlanks(p)
	if w, r := word(p); len(w) >= 3 && monthOf(w) == 0 && weekday(w) {
		p = bytes.TrimLeft(r, " ,.")
	}
	n, digits, r := number(p)
	if digits >= 8 {
		return compact(n, digits, r)
	}
	var sep1, sep2 byte
	var ds [3]int
	var v [3]int
	named := -1
	for i := range 3 {
		if i > 0 {
			var sep byte
			sep, p = separator(p)
			if sep == 0 {
				return d, nil, false
			}
			if i == 1 {
				sep1 = sep
			} else {
				sep2 = sep
			}
		}
		if w, r := word(p); len(w) > 0 {
			if v[i] = monthOf(w); v[i] == 0 || named >= 0 || i == 2 {
				return d, nil, false
			}
			named, p = i, r
			continue
		}
		n, digits, r := number(p)
		if digits == 0 || digits > 4 || digits == 3 {
			return d, nil, false
		}
		v[i], ds[i], p = int(n), digits, r
		if i == 1 && named == 0 { // Jan 31st, 2024
			p = ordinal(p)
		}
	}
	d.dotted = sep1 == '.' && sep2 == '.'
	switch {
	case named == 0 && ds[1] <= 2: // Jan 31, 2024
		d.form, d.a, d.b, d.c = formYMD, v[2], v[0], v[1]
		if ds[2] == 2 {
			d.a = century(v[2])
		}
	case named == 1 && ds[0] <= 2 && ds[2] != 1: // 31 Jan 2024, 31-Jan-24
		d.form, d.a, d.b, d.c = formYMD, v[2], v[1], v[0]
		if ds[2] == 2 {
			d.a = century(v[2])
		}
	case named >= 0 && ds[0] != 4:
		return d, nil, false
	case ds[0] == 4 && ds[2] <= 2 && (named == 1 || ds[1] <= 2):
		d.form, d.a, d.b, d.c = formYMD, v[0], v[1], v[2]
	case ds[0] <= 2 && ds[1] <= 2 && (ds[2] == 4 || ds[2] == 2):
		d.form, d.a, d.b, d.c, d.short = formEnd, v[0], v[1], v[2], ds[2] == 2
	default:
		return d, nil, false
	}
	return d, p, true
}

// compact reads 20240131, 202401310930 and 20240131093000.
func compact(n int64, digits int, rest []byte) (d dateParts, _ []byte, ok bool) {
	switch digits {
	case 8:
		d.form, d.a, d.b, d.c = formYMD, int(n/10000), int(n/100%100), int(n%100)
	case 12, 14:
		if digits == 12 {
			n *= 100
		}
		day := n / 1e6
		d.form, d.a, d.b, d.c, d.clock = formCompactTime, int(day/10000), int(day/100%100), int(day%100), int(n%1e6)
		return d, rest, len(skipBlanks(rest)) == 0
	default:
		return d, nil, false
	}
	return d, rest, true
}

// resolve returns year, month and day under an order.
func (d dateParts) resolve(order dateOrder) (year, month, day int, reason string) {
	if d.form != formEnd {
		return d.a, d.b, d.c, ""
	}
	year = d.c
	if d.short {
		year = century(d.c)
	}
	switch {
	case order == orderDMY && d.b <= 12:
		return year, d.b, d.a, ""
	case order == orderMDY && d.a <= 12:
		return year, d.a, d.b, ""
	case order == orderYMD && d.short:
		return century(d.a), d.b, d.c, ""
	}
	return 0, 0, 0, reasonOrder(order)
}

// century completes a two-digit year as POSIX does.
func century(y int) int {
	if y < 69 {
		return 2000 + y
	}
	return 1900 + y
}

func skipBlanks(p []byte) []byte { return bytes.TrimLeft(p, " ") }

// number reads digits from the front; one with more than 14 is none.
func number(p []byte) (n int64, digits int, rest []byte) {
	for digits < len(p) && p[digits]-'0' <= 9 {
		if digits == 14 {
			return 0, 0, p
		}
		n = n*10 + int64(p[digits]-'0')
		digits++
	}
	return n, digits, p[digits:]
}

func word(p []byte) (w, rest []byte) {
	i := 0
	for i < len(p) && p[i] >= 'A' && p[i] <= 'Z' {
		i++
	}
	return p[:i], p[i:]
}

func ordinal(p []byte) []byte {
	if w, r := word(p); len(w) == 2 {
		switch string(w) {
		case "ST", "ND", "RD", "TH":
			return r
		}
	}
	return p
}

// separator reads one of - / . , with blanks around it, or blanks alone.
func separator(p []byte) (sep byte, rest []byte) {
	rest = skipBlanks(p)
	if len(rest) < len(p) {
		sep = ' '
	}
	if len(rest) > 0 {
		switch rest[0] {
		case '-', '/', '.', ',':
			sep, rest = rest[0], skipBlanks(rest[1:])
		}
	}
	return sep, rest
}

func monthOf(w []byte) int {
	months := [...]string{"JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER"}
	for i, m := range months {
		if len(w) >= 3 && len(w) <= len(m) && m[:len(w)] == string(w) || string(w) == "SEPT" && i == 8 {
			return i + 1
		}
	}
	return 0
}

func weekday(w []byte) bool {
	for _, d := range [...]string{"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"} {
		if len(w) <= len(d) && d[:len(w)] == string(w) {
			return true
		}
	}
	return false
}

// parseClock reads a time of day, with what separates it from the date, up to
// the end of a folded text: [T] [AM|PM] 9:30[:00[.123456]] [AM|PM] [zone].
func parseClock(p []byte, m *moment) (reason string) {
	p = bytes.TrimLeft(p, " ,:")
	if len(p) > 0 && p[0] == 'T' {
		p = p[1:]
	}
	if p = skipBlanks(p); len(p) == 0 {
		return ""
	}
	half, p := halfDay(p)
	n, digits, p := number(p)
	var h, min, s int
	switch {
	case digits == 1 || digits == 2:
		h = int(n)
		var ok bool
		if min, s, p, ok = minutes(p); !ok {
			return reasonNotDate
		}
	case digits == 4 && len(p) == 0 || digits == 4 && p[0] != ':':
		h, min = int(n/100), int(n%100)
	case digits == 6:
		h, min, s = int(n/10000), int(n/100%100), int(n%100)
	default:
		return reasonNotDate
	}
	frac, p := fraction(p)
	p = skipBlanks(p)
	if half == 0 {
		half, p = halfDay(p)
	}
	if half != 0 {
		// 下午15:05 occurs: hours past 12 are taken as they are after noon.
		switch {
		case half == 'A' && h > 12:
			return reasonNoTime
		case half == 'A' && h == 12:
			h = 0
		case half == 'P' && h < 12, half == 'N' && h < 10: // 中午11:50 is before noon
			h += 12
		}
	} else if colonless := digits <= 2 && min < 0; colonless {
		return reasonNotDate // a lone number is no time of day
	}
	min = max(min, 0)
	if reason := clockOf(h, min, s, m); reason != "" {
		return reason
	}
	if h == 24 && frac > 0 {
		return reasonNoTime
	}
	m.micros += frac
	return parseZone(skipBlanks(p), m)
}

// minutes reads [:MM[:SS]]; min is -1 when there is nothing.
func minutes(p []byte) (min, s int, rest []byte, ok bool) {
	if len(p) == 0 || p[0] != ':' {
		return -1, 0, p, true
	}
	n, digits, p := number(p[1:])
	if digits != 1 && digits != 2 {
		return 0, 0, p, digits == 0
	}
	min = int(n)
	if len(p) == 0 || p[0] != ':' {
		return min, 0, p, true
	}
	n, digits, p = number(p[1:])
	if digits == 0 {
		return min, 0, p, true // 9时30分 is folded to 9:30:
	}
	return min, int(n), p, digits <= 2
}

// fraction reads .123456 of a second; digits past microseconds are cut.
func fraction(p []byte) (micros int64, rest []byte) {
	if len(p) < 2 || p[0] != '.' && p[0] != ',' || p[1]-'0' > 9 {
		return 0, p
	}
	i, unit := 1, int64(100_000)
	for ; i < len(p) && p[i]-'0' <= 9; i++ {
		micros += int64(p[i]-'0') * unit
		unit /= 10
	}
	return micros, p[i:]
}

// halfDay reads AM, PM, A.M., P.M. or NN, around noon, and returns 'A', 'P', 'N' or 0.
func halfDay(p []byte) (half byte, rest []byte) {
	for _, mark := range [...]string{"AM", "PM", "A.M.", "P.M.", "NN"} {
		if bytes.HasPrefix(p, []byte(mark)) {
			return mark[0], skipBlanks(p[len(mark):])
		}
	}
	return 0, p
}

func clockOf(h, min, s int, m *moment) string {
	if h > 24 || h == 24 && min+s > 0 || min > 59 || s > 60 {
		return reasonNoTime
	}
	m.micros, m.timed = int64(h*3600+min*60+s)*1e6, true
	return ""
}

// parseZone reads Z, UTC, GMT, +08:00, +0800, +08, GMT+8, PST or nothing.
func parseZone(p []byte, m *moment) string {
	if name, rest := word(p); len(name) > 0 {
		switch hours, ok := zoneHours(name); {
		case ok:
			m.zoned, m.offset, p = true, hours*3600, skipBlanks(rest)
			if hours != 0 {
				return trailing(p)
			}
		case len(rest) == 0 && ambiguousZone(name):
			return reasonZone
		}
	}
	if len(p) > 0 && (p[0] == '+' || p[0] == '-') {
		sign := int64(1)
		if p[0] == '-' {
			sign = -1
		}
		n, digits, rest := number(p[1:])
		h, min := n, int64(0)
		switch {
		case digits == 4:
			h, min = n/100, n%100
		case digits == 0 || digits > 2:
			return reasonNotDate
		case len(rest) > 0 && rest[0] == ':':
			min, digits, rest = number(rest[1:])
			if digits != 2 {
				return reasonNotDate
			}
		}
		if h > 15 || min > 59 {
			return reasonNoTime
		}
		m.zoned, m.offset = true, sign*(h*3600+min*60)
		p = skipBlanks(rest)
		if name, rest := word(p); len(name) > 1 && len(name) < 6 { // Go and Ruby print +0800 CST
			p = rest
		}
	}
	return trailing(p)
}

// zoneHours is how far east of UTC a zone is that is named by letters: those of
// RFC 5322 for North America except for CST, which is China's as well, and some
// that have one meaning.
func zoneHours(name []byte) (hours int64, ok bool) {
	switch string(name) {
	case "Z", "UTC", "GMT":
		return 0, true
	case "PST":
		return -8, true
	case "PDT", "MST":
		return -7, true
	case "MDT":
		return -6, true
	case "EST":
		return -5, true
	case "EDT":
		return -4, true
	case "CET":
		return 1, true
	case "CEST":
		return 2, true
	case "HKT":
		return 8, true
	case "JST", "KST":
		return 9, true
	}
	return 0, false
}

// ambiguousZone reports letters by which different parts of the world name their zones.
func ambiguousZone(name []byte) bool {
	switch string(name) {
	case "CST", "CDT", "IST", "BST", "AST":
		return true
	}
	return false
}

// dayNumber is the days from 1970-01-01 to a date of the Gregorian calendar,
// false when there is no such day. The formula is Howard Hinnant's
// days_from_civil for years from 0 on.
func dayNumber(year, month, day int) (int32, bool) {
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	if month <= 2 {
		year--
	}
	era := year / 400
	yoe := year - era*400
	mp := (month + 9) % 12
	doy := (153*mp+2)/5 + day - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return int32(era*146097 + doe - 719468), true
}

func daysIn(year, month int) int {
	if month == 2 {
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 30 + (month+month>>3)&1
}
