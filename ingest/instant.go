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
//	31 Jan 2024  Jan 31, 2024  2024年1月31日  2024年1月31日 下午3:05
//	2024-01-31 09:30[:00[.123456]] [AM|PM] [Z|UTC|+08:00|+0800]  2024-01-31T09:30:00Z
//	1706693400 (seconds since 1970)  1706693400000 (milliseconds)
//
// order says how forms with the year last are read. Two-digit years up to 68
// are of this century (POSIX). MySQL's 0000-00-00 must be caught before (zeroDate).
func parseMoment(b []byte, order dateOrder, m *moment) (reason string) {
	if isoMoment(b, m) {
		return ""
	}
	var buf [64]byte
	p, ok := foldDate(buf[:0], b)
	if !ok {
		return reasonNotDate
	}
	*m = moment{}
	d, rest, ok := splitDate(p)
	if !ok {
		return reasonNotDate
	}
	if d.form == formEpoch {
		m.day, m.micros = int32(floorDiv(d.epoch, daySecs*1e6)), d.epoch-floorDiv(d.epoch, daySecs*1e6)*daySecs*1e6
		m.timed, m.zoned = true, true
		return trailing(rest)
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
	return parseClock(rest, m)
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

// zeroDate reports 0000-00-00, how MySQL writes that there is no date.
func zeroDate(b []byte) bool { return bytes.HasPrefix(b, []byte("0000-00-00")) }

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
	case first == '下' && next == '午', first == '晚' && next == '上', first == '中' && next == '午', first == '傍' && next == '晚':
		return " PM ", size
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
	formEpoch                       // seconds or milliseconds since 1970
)

// dateParts is a date cut into numbers. For formEnd a and b are day and month in
// some order and c is the year; otherwise year, month, day.
type dateParts struct {
	form    dateForm
	a, b, c int
	short   bool // the year has two digits
	dotted  bool // separated by dots
	clock   int  // formCompactTime: HHMMSS
	epoch   int64
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

// compact reads 20240131, 202401310930, 20240131093000 and times since 1970.
func compact(n int64, digits int, rest []byte) (d dateParts, _ []byte, ok bool) {
	switch digits {
	case 8:
		d.form, d.a, d.b, d.c = formYMD, int(n/10000), int(n/100%100), int(n%100)
	case 10:
		d.form, d.epoch = formEpoch, n*1e6
	case 12, 14:
		if digits == 12 {
			n *= 100
		}
		day := n / 1e6
		d.form, d.a, d.b, d.c, d.clock = formCompactTime, int(day/10000), int(day/100%100), int(day%100), int(n%1e6)
		return d, rest, len(skipBlanks(rest)) == 0
	case 13:
		d.form, d.epoch = formEpoch, n*1000
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
		if half == 'A' && h > 12 {
			return reasonNoTime
		}
		if half == 'A' && h == 12 {
			h = 0
		} else if half == 'P' && h < 12 {
			h += 12
		}
	} else if colonless := digits <= 2 && min < 0; colonless {
		return reasonNotDate // a lone number is no time of day
	}
	min = max(min, 0)
	if reason := clockOf(h, min, s, m); reason != "" {
		return reason
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

// halfDay reads AM, PM, A.M. or P.M. and returns 'A', 'P' or 0.
func halfDay(p []byte) (half byte, rest []byte) {
	for _, mark := range [...]string{"AM", "PM", "A.M.", "P.M."} {
		if bytes.HasPrefix(p, []byte(mark)) {
			return mark[0], skipBlanks(p[len(mark):])
		}
	}
	return 0, p
}

func clockOf(h, min, s int, m *moment) string {
	if h > 23 || min > 59 || s > 59 {
		return reasonNoTime
	}
	m.micros, m.timed = int64(h*3600+min*60+s)*1e6, true
	return ""
}

// parseZone reads Z, UTC, GMT, +08:00, +0800, +08, GMT+8 or nothing.
func parseZone(p []byte, m *moment) string {
	for _, name := range [...]string{"Z", "UTC", "GMT"} {
		if bytes.HasPrefix(p, []byte(name)) {
			m.zoned, p = true, skipBlanks(p[len(name):])
			break
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
		if string(p) == "UTC" || string(p) == "GMT" { // Go and Ruby print +0000 UTC
			p = nil
		}
	}
	return trailing(p)
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
