package ingest

import (
	"bytes"
	"unicode/utf8"
)

// decimalStyle says which sign stands before the decimals; the other one, blanks
// and apostrophes group digits.
type decimalStyle uint8

const (
	stylePoint decimalStyle = iota // 1,234.50
	styleComma                     // 1.234,50
)

func (s decimalStyle) String() string { return [...]string{".", ","}[s] }

func (s decimalStyle) signs() (decimal, group byte) {
	if s == styleComma {
		return ',', '.'
	}
	return '.', ','
}

// Reasons of rejects of numbers.
const (
	reasonNotNumber = "not a number"
	reasonPoint     = "not a number written with a decimal point; set the decimal sign"
	reasonComma     = "not a number written with a decimal comma; set the decimal sign"
	reasonTooLarge  = "too large a number"
	reasonNotWhole  = "not a whole number"
)

// maxUnits is the greatest DECIMAL(18,4) in units of 1/10,000.
const maxUnits = 999_999_999_999_999_999

// parseMoney reads a trimmed cell as an amount in units of 1/10,000:
//
//	1234.5  ¥1,234.50  $ 12  12.50元  CNY 12  -12  12-  (12.00)  1 234,50  1'234.50  1.5E+3
//
// with full-width forms as well. Decimals past the fourth are rounded half away
// from zero, exactly. Groups have three digits (two in the middle, as in India:
// 1,00,000). Words that say that there is no amount must be caught before.
func parseMoney(b []byte, style decimalStyle) (units int64, reason string) {
	if units, ok := plainMoney(b, style); ok {
		return units, ""
	}
	var buf [64]byte
	p, ok := foldMoney(buf[:0], b)
	if !ok {
		return 0, reasonNotNumber
	}
	first, last := digitsOf(p)
	if first < 0 {
		return 0, reasonNotNumber
	}
	exponent, end, ok := exponentOf(p, last)
	if !ok {
		return 0, reasonNotNumber
	}
	negative, ok := around(p[:first], p[end:])
	if !ok {
		return 0, reasonNotNumber
	}
	var digits [64]byte
	d, point, ok := ungroup(digits[:0], p[first:last], style)
	if !ok {
		if _, _, other := ungroup(digits[:0], p[first:last], 1-style); other {
			return 0, [...]string{reasonPoint, reasonComma}[style]
		}
		return 0, reasonNotNumber
	}
	units, reason = scale(d, point+exponent)
	if negative {
		units = -units
	}
	return units, reason
}

// plainMoney reads [-]digits[.digits] in one go, up to 13 digits before the sign.
func plainMoney(b []byte, style decimalStyle) (units int64, ok bool) {
	i, negative := 0, false
	if len(b) > 0 && b[0] == '-' {
		i, negative = 1, true
	}
	start := i
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		units = units*10 + int64(b[i]-'0')
		if i-start > 12 {
			return 0, false
		}
	}
	if i == start {
		return 0, false
	}
	units *= 10_000
	if i < len(b) {
		if decimal, _ := style.signs(); b[i] != decimal || i == len(b)-1 {
			return 0, false
		}
		frac := b[i+1:]
		unit := int64(1000)
		for k, c := range frac {
			if c-'0' > 9 {
				return 0, false
			}
			units += int64(c-'0') * unit
			unit /= 10
			if k == 4 && c >= '5' {
				units++
			}
		}
	}
	if negative {
		units = -units
	}
	return units, true
}

// foldMoney writes an amount in plain characters; those past ASCII that are not
// folded stay, for names of currencies.
func foldMoney(dst, b []byte) ([]byte, bool) {
	if len(b) > 48 {
		return nil, false
	}
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			dst = append(dst, b[i])
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if f := plain(r); f < utf8.RuneSelf {
			dst = append(dst, byte(f))
		} else {
			dst = append(dst, b[i:i+size]...)
		}
		i += size
	}
	return dst, true
}

// digitsOf finds the run of digits, signs of decimals and groups.
func digitsOf(p []byte) (first, last int) {
	first = bytes.IndexAny(p, "0123456789")
	if first < 0 {
		return -1, -1
	}
	if first > 0 && (p[first-1] == '.' || p[first-1] == ',') {
		first--
	}
	last = first
	for i := first; i < len(p); i++ {
		switch c := p[i]; {
		case c-'0' <= 9, c == '.', c == ',':
			last = i + 1
		case c == ' ', c == '\'': // part of the run only when digits follow
		default:
			return first, last
		}
	}
	return first, last
}

// exponentOf reads E+3 at p[at:]. Exponents past 20 are no amounts of money.
func exponentOf(p []byte, at int) (exponent, end int, ok bool) {
	if at >= len(p) || p[at]|0x20 != 'e' || at+1 == len(p) {
		return 0, at, true
	}
	i, sign := at+1, 1
	if p[i] == '+' || p[i] == '-' {
		if p[i] == '-' {
			sign = -1
		}
		i++
	} else if p[i]-'0' > 9 {
		return 0, at, true // EUR
	}
	start := i
	for ; i < len(p) && p[i]-'0' <= 9; i++ {
		exponent = exponent*10 + int(p[i]-'0')
		if exponent > 99 {
			return 0, 0, false
		}
	}
	return sign * exponent, i, i > start
}

// around reads what stands before and after the digits: one sign, brackets that
// mean a negative amount, a currency.
func around(before, after []byte) (negative, ok bool) {
	var sym [64]byte
	signs, open, closed := 0, false, false
	side := func(p []byte) bool {
		s := sym[:0]
		for _, c := range p {
			switch c {
			case '-', '+':
				signs++
				negative = negative || c == '-'
			case '(':
				if open || closed {
					return false
				}
				open = true
			case ')':
				if !open || closed {
					return false
				}
				closed = true
			case ' ':
			default:
				s = append(s, c)
			}
		}
		return len(s) == 0 || isCurrency(s)
	}
	if !side(before) || closed || !side(after) || open != closed || signs > 1 || open && signs > 0 {
		return false, false
	}
	return negative || open, true
}

// isCurrency reports a code of three letters or a word of the list of currencies.
func isCurrency(s []byte) bool {
	switch string(s) {
	case "$", "¥", "￥", "€", "£", "元":
		return true
	}
	if isCode(s) {
		return true
	}
	_, ok := words("currency")[fold(string(s))]
	return ok
}

// isCode reports three capital letters, the form of ISO 4217 codes.
func isCode(s []byte) bool {
	if len(s) != 3 {
		return false
	}
	for _, c := range s {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}

// ungroup appends the digits of a run without signs, and returns how many of
// them stand before the decimal sign.
func ungroup(dst, run []byte, style decimalStyle) (digits []byte, point int, ok bool) {
	decimal, group := style.signs()
	var by byte // what groups digits here
	count := 0  // digits since the last group sign
	point = -1
	for i, c := range run {
		switch {
		case c-'0' <= 9:
			dst = append(dst, c)
			count++
		case c == decimal:
			if point >= 0 || by != 0 && count != 3 {
				return nil, 0, false
			}
			point, count = len(dst), 0
		case c == group || c == ' ' || c == '\'':
			// The first group has one to three digits, those in the middle two or three.
			if point >= 0 || count == 0 || count > 3 || by != 0 && (c != by || count < 2) || i == len(run)-1 {
				return nil, 0, false
			}
			by, count = c, 0
		default:
			return nil, 0, false
		}
	}
	if point < 0 {
		if by != 0 && count != 3 {
			return nil, 0, false
		}
		point = len(dst)
	}
	return dst, point, len(dst) > 0
}

// scale turns digits with the decimal sign after the first point of them into
// units of 1/10,000, rounding half away from zero.
func scale(digits []byte, point int) (units int64, reason string) {
	for len(digits) > 0 && digits[0] == '0' {
		digits, point = digits[1:], point-1
	}
	n := point + 4 // digits that count
	if len(digits) == 0 || n < 0 {
		return 0, ""
	}
	if n > 18 {
		return 0, reasonTooLarge
	}
	for i := range n {
		units *= 10
		if i < len(digits) {
			units += int64(digits[i] - '0')
		}
	}
	if n < len(digits) && digits[n] >= '5' {
		units++
	}
	if units > maxUnits {
		return 0, reasonTooLarge
	}
	return units, ""
}

// decimalEvidence counts what the cells of a column say about its decimal sign.
type decimalEvidence struct {
	point, comma int    // cells that have one reading only
	unclear      int    // 1,234: a group or three decimals
	unclearPoint int    // 1.234
	example      string // of an unclear cell
}

// look adds one trimmed cell.
func (e *decimalEvidence) look(b []byte) {
	sign := bytes.IndexByte(b, ',')
	if sign < 0 {
		// Nearly every cell: digits, at most one point, few decimals.
		sign = bytes.IndexByte(b, '.')
		if sign < 0 && !wide(b) {
			return
		}
		if sign >= 0 && !wide(b) && len(b)-sign < 4 {
			e.point++
			return
		}
	}
	var buf [64]byte
	p, ok := foldMoney(buf[:0], b)
	if !ok {
		return
	}
	first, last := digitsOf(p)
	if first < 0 {
		return
	}
	run := p[first:last]
	if !bytes.ContainsAny(run, ".,") {
		return
	}
	var d1, d2 [64]byte
	asPoint, n1, ok1 := ungroup(d1[:0], run, stylePoint)
	asComma, n2, ok2 := ungroup(d2[:0], run, styleComma)
	// A group never begins with a zero alone: 0,123 and 0.123 are decimals.
	if bytes.HasPrefix(run, []byte("0,")) {
		ok1 = false
	} else if bytes.HasPrefix(run, []byte("0.")) {
		ok2 = false
	}
	switch {
	case ok1 && ok2 && (n1 != n2 || len(asPoint) != len(asComma)):
		if bytes.IndexByte(run, ',') >= 0 {
			e.unclear++
		} else {
			e.unclearPoint++
		}
		if e.example == "" {
			e.example = string(b)
		}
	case ok1 && !ok2:
		e.point++
	case ok2 && !ok1:
		e.comma++
	}
}

// wide reports characters past ASCII, among which full-width signs may be.
func wide(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return true
		}
	}
	return false
}

func (e *decimalEvidence) add(o decimalEvidence) {
	e.point += o.point
	e.comma += o.comma
	e.unclear += o.unclear
	e.unclearPoint += o.unclearPoint
	if e.example == "" {
		e.example = o.example
	}
}

// settled reports that a sample is enough: everything in it points one way.
func (e *decimalEvidence) settled() bool {
	if e.point == 0 && e.comma == 0 {
		return e.unclear+e.unclearPoint == 0
	}
	return e.point == 0 || e.comma == 0
}
