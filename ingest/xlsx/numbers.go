package xlsx

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"
)

// style is how the number of a cell is shown, as far as it says what it is.
type style uint8

const (
	plain   style = iota
	date          // a day, with or without a time of day
	clock         // a time of day
	elapsed       // hours that go on past 24
)

// builtin is the style of a number format that every workbook has. 27 to 36 and
// 50 to 58 are those of Chinese, Japanese and Korean, dates or times in all three.
func builtin(id int) style {
	switch {
	case id >= 14 && id <= 17, id == 22, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 54, id == 57, id == 58:
		return date
	case id >= 18 && id <= 21, id >= 32 && id <= 35, id == 45, id == 47, id == 55, id == 56:
		return clock
	case id == 46:
		return elapsed
	}
	return plain
}

// styleOf is the style of a format code of a workbook's own: a date when its
// first part has a day, a month or a year, a time when it has hours or seconds.
func styleOf(code string) style {
	var letters strings.Builder // of the code, without what is quoted or escaped
	for i := 0; i < len(code); i++ {
		switch c := code[i]; {
		case c == '"':
			end := strings.IndexByte(code[i+1:], '"')
			if end < 0 {
				return plain
			}
			i += end + 1
		case c == '\\' || c == '_' || c == '*':
			i++
		case c == '[':
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				return plain
			}
			if strings.Trim(code[i+1:i+end], "hmsHMS") == "" {
				return elapsed
			}
			i += end
		case c == ';':
			code = code[:i]
		case c|0x20 == 'e' && i+1 < len(code) && (code[i+1] == '+' || code[i+1] == '-'):
			i++ // 0.00E+00
		default:
			letters.WriteByte(c)
		}
	}
	text := strings.ToLower(letters.String())
	if strings.Contains(text, "general") {
		return plain
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "am/pm", ""), "a/p", "")
	timed := strings.ContainsAny(text, "hs")
	switch {
	case strings.ContainsAny(text, "ydge"), strings.ContainsRune(text, 'm') && !timed:
		return date
	case timed:
		return clock
	}
	return plain
}

// exactDigits is how many digits of a number a spreadsheet keeps.
const exactDigits = 15

// appendNumber writes a number as it stands in a workbook with all its digits.
// One of more than 15 digits before the point has lost some of them: it is
// written as 1.23E+17, which no id may be. The digits behind the fifteenth, which
// only arithmetic makes, are rounded as the spreadsheet shows them.
func appendNumber(dst, v []byte) []byte {
	if digits := shortDigits(v); digits {
		return append(dst, v...)
	}
	x, err := strconv.ParseFloat(string(v), 64)
	switch {
	case err != nil || math.IsNaN(x) || math.IsInf(x, 0):
		return append(dst, v...) // for a converter to refuse
	case math.Abs(x) >= 1e15:
		return strconv.AppendFloat(dst, x, 'E', -1, 64)
	}
	var short [32]byte
	y, err := strconv.ParseFloat(string(strconv.AppendFloat(short[:0], x, 'g', exactDigits, 64)), 64)
	if err != nil || y == 0 {
		return append(dst, '0')
	}
	return strconv.AppendFloat(dst, y, 'f', -1, 64)
}

// shortDigits reports at most 15 digits with at most one point among them and a minus before them.
func shortDigits(v []byte) bool {
	v = bytes.TrimPrefix(v, []byte("-"))
	points := 0
	for i, c := range v {
		switch {
		case c == '.' && i > 0 && i < len(v)-1:
			points++
		case c < '0' || c > '9':
			return false
		}
	}
	return points <= 1 && len(v) > points && len(v)-points <= exactDigits
}

// Days of the serial numbers of spreadsheets, counted from 1970-01-01.
const (
	zero1900 = -25_569 // day 0 from day 61 on; before, 1900 is wrongly a leap year there
	zero1904 = -24_107
	lastDay  = 2_932_896 // 9999-12-31
	dayMS    = 86_400_000
)

// appendSerial writes a serial number as a date, a date with a time, or a time,
// in ISO form to the millisecond, and reports whether it can be one.
func appendSerial(dst, v []byte, s style, since1904 bool) ([]byte, bool) {
	x, err := strconv.ParseFloat(string(v), 64)
	if err != nil || !(x >= 0 && x < 3_000_000) {
		return dst, false
	}
	whole := math.Floor(x)
	day, ms := int64(whole), int64(math.Round((x-whole)*dayMS))
	if ms == dayMS {
		day, ms = day+1, 0
	}
	switch {
	case s == elapsed:
		return appendClock(dst, day*24, ms), true
	case day == 0 && (s == clock || !since1904):
		return appendClock(dst, 0, ms), s == clock || ms > 0
	case since1904:
		day += zero1904
	case day == 60:
		return dst, false // 1900-02-29, which never was
	case day < 60:
		day += zero1900 + 1
	default:
		day += zero1900
	}
	if day > lastDay {
		return dst, false
	}
	dst = time.Unix(day*86_400, 0).UTC().AppendFormat(dst, time.DateOnly)
	if ms == 0 {
		return dst, true
	}
	return appendClock(append(dst, 'T'), 0, ms), true
}

// appendClock writes hh:mm:ss, with thousandths where they are not zero.
func appendClock(dst []byte, hours, ms int64) []byte {
	hours += ms / 3_600_000
	if hours < 10 {
		dst = append(dst, '0')
	}
	dst = strconv.AppendInt(dst, hours, 10)
	for _, n := range [...]int64{ms / 60_000 % 60, ms / 1000 % 60} {
		dst = append(dst, ':', byte('0'+n/10), byte('0'+n%10))
	}
	if f := ms % 1000; f > 0 {
		dst = append(dst, '.', byte('0'+f/100), byte('0'+f/10%10), byte('0'+f%10))
	}
	return dst
}
