package ingest

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"sync"
	"unicode"
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
	reasonPercent   = "a percentage, not a number"
	reasonOther     = "another currency than the rest of the column, and there is no column of currencies"
)

// maxUnits is the greatest DECIMAL(18,4) in units of 1/10,000.
const maxUnits = 999_999_999_999_999_999

// parseMoney reads a trimmed cell as an amount in units of 1/10,000:
//
//	1234.5  ¥1,234.50  $ 12  12.50元  CNY 12  -12  12-  (12.00)  1 234,50  1'234.50  1.5E+3  1.2万
//
// with full-width forms as well. Decimals past the fourth are rounded half away
// from zero, exactly. Groups have three digits (two in the middle, as in India:
// 1,00,000). Percentages are no amounts. Words that say that there is no amount
// must be caught before.
func parseMoney(b []byte, style decimalStyle) (units int64, reason string) {
	if units, ok := plainMoney(b, style); ok {
		return units, ""
	}
	units, _, _, reason = readAmount(b, style)
	return units, reason
}

// parseAmount is parseMoney for all forms; it gives the currency that is written
// with the amount as well.
func parseAmount(b []byte, style decimalStyle) (units int64, by currency, reason string) {
	var buf [64]byte
	p, ok := foldMoney(buf[:0], b)
	if !ok {
		return 0, by, reasonNotNumber
	}
	first, last := digitsOf(p)
	if first < 0 {
		return 0, by, reasonNotNumber
	}
	exponent, end, ok := exponentOf(p, last)
	if !ok {
		return 0, by, reasonNotNumber
	}
	negative, by, ok := around(p[:first], p[end:])
	if !ok {
		if c := p[len(p)-1]; c == '%' || bytes.HasSuffix(p, []byte("‰")) {
			return 0, by, reasonPercent
		}
		return 0, by, reasonNotNumber
	}
	var digits [64]byte
	d, point, ok := ungroup(digits[:0], p[first:last], style)
	if !ok {
		if _, _, other := ungroup(digits[:0], p[first:last], 1-style); other {
			return 0, by, [...]string{reasonPoint, reasonComma}[style]
		}
		return 0, by, reasonNotNumber
	}
	units, reason = scale(d, point+exponent)
	if negative {
		units = -units
	}
	return units, by, reason
}

// withoutWords is an amount without what may stand beside it and says nothing of how
// much it is: a remark in brackets that has no digits, 499.00（系统计算中）; a word that
// says that it is an amount, 实付：12.00; 整 behind 元. ok is false when there is nothing
// of that kind, and the cell is no amount.
func withoutWords(b []byte) (amount []byte, ok bool) {
	if len(b) > 400 {
		return b, false
	}
	amount = withoutLabel(withoutRemark(b))
	for _, end := range [...]string{"元整", "元正", "圆整"} {
		if bytes.HasSuffix(amount, []byte(end)) {
			amount = amount[:len(amount)-len("整")]
		}
	}
	return amount, len(amount) < len(b)
}

// withoutRemark takes brackets off the end, with what they hold when there is something
// and it has no digit.
func withoutRemark(b []byte) []byte {
	for _, pair := range [...][2]string{{"(", ")"}, {"（", "）"}, {"[", "]"}, {"【", "】"}} {
		if !bytes.HasSuffix(b, []byte(pair[1])) {
			continue
		}
		at := bytes.LastIndex(b, []byte(pair[0]))
		if at < 1 {
			return b
		}
		remark := b[at+len(pair[0]) : len(b)-len(pair[1])]
		if len(trim(remark)) == 0 || bytes.ContainsFunc(remark, unicode.IsNumber) {
			return b
		}
		return trim(b[:at])
	}
	return b
}

// withoutLabel takes a word off the beginning that only says that an amount follows.
func withoutLabel(b []byte) []byte {
	end := bytes.IndexFunc(b, func(r rune) bool { return !unicode.IsLetter(r) && r != ' ' })
	if end < 1 || end > 40 {
		return b
	}
	if _, ok := words("amountlabel")[fold(string(b[:end]))]; !ok {
		return b
	}
	return trim(bytes.TrimLeft(b[end:], ":："))
}

// remarks are amounts of a column with words beside them: how many, and the first.
type remarks struct {
	n     int64
	line  int64
	first string
}

func (r *remarks) add(v []byte, line int64) {
	if r.n++; r.n == 1 || line < r.line {
		r.line, r.first = line, string(v)
	}
}

// remarkedCells are those of a file, by column. It is shared by its converters.
type remarkedCells struct {
	mu  sync.Mutex
	all map[string]remarks
}

// add notes what one converter saw of a column in one block.
func (m *remarkedCells) add(header string, of remarks) {
	if of.n == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil {
		m.all = map[string]remarks{}
	}
	if was := m.all[header]; was.n > 0 {
		of.n += was.n
		if was.line < of.line {
			of.line, of.first = was.line, was.first
		}
	}
	m.all[header] = of
}

// notes says which amounts were taken out of a text.
func (m *remarkedCells) notes() (notes []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, header := range slices.Sorted(maps.Keys(m.all)) {
		r := m.all[header]
		notes = append(notes, fmt.Sprintf("column %q: amounts with words beside them, which are left out: %d, first in line %d: %s", header, r.n, r.line, shorten([]string{r.first})[0]))
	}
	return notes
}

// readAmount reads an amount as parseAmount does, and, where that finds none, without
// the words beside it. cleaned says that there were some.
func readAmount(b []byte, style decimalStyle) (units int64, by currency, cleaned bool, reason string) {
	units, by, reason = parseAmount(b, style)
	if reason != reasonNotNumber {
		return units, by, false, reason
	}
	bare, ok := withoutWords(b)
	if !ok {
		return units, by, false, reason
	}
	if u, with, r := parseAmount(bare, style); r != reasonNotNumber {
		return u, with, true, r
	}
	return units, by, false, reason
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

// exponentOf reads E+3, 万 (ten thousand) or 亿 (a hundred million) at p[at:].
// Exponents past 20 are no amounts of money.
func exponentOf(p []byte, at int) (exponent, end int, ok bool) {
	if unit := bytes.TrimLeft(p[at:], " "); len(unit) > 0 && unit[0] >= utf8.RuneSelf {
		r, size := utf8.DecodeRune(unit)
		switch r {
		case '万', '萬':
			return 4, len(p) - len(unit) + size, true
		case '亿', '億':
			return 8, len(p) - len(unit) + size, true
		}
	}
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
// mean a negative amount, a currency. Of a sign and a code, $12 CAD, the code counts.
func around(before, after []byte) (negative bool, by currency, ok bool) {
	var sym [64]byte
	signs, open, closed, coded := 0, false, false, false
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
		if len(s) == 0 {
			return true
		}
		found, ok := currencyBy(s)
		code := isCode(s)
		if len(s) > 3 && isCode(s[:3]) { // CAD $12
			if _, sign := currencyBy(s[3:]); sign {
				found, ok, code = currency(s), true, true
			}
		}
		switch {
		case by == currency{} || code && !coded:
			by, coded = found, code
		case found != by && code == coded:
			return false // ¥12$
		}
		return ok
	}
	if !side(before) || closed {
		return false, by, false
	}
	if opened := open; !side(after) || open != opened || open != closed || signs > 1 || open && signs > 0 {
		return false, by, false
	}
	return negative || open, by, true
}

// currency is an ISO 4217 code; zero for none.
type currency [3]byte

func (c currency) String() string { return string(c[:]) }

// currencyBy returns the currency of what stands beside an amount: a code of three
// capital letters, a sign or a name.
func currencyBy(s []byte) (by currency, ok bool) {
	switch string(s) {
	case "¥", "￥", "元", "圆", "RMB": // 圆 is the formal 元, whatever it is in a column of currencies
		return currency{'C', 'N', 'Y'}, true
	case "$":
		return currency{'U', 'S', 'D'}, true
	case "€":
		return currency{'E', 'U', 'R'}, true
	case "£":
		return currency{'G', 'B', 'P'}, true
	}
	if isCode(s) && string(s) != "NTD" {
		return currency(s), true
	}
	var low [64]byte // folded as the table is, without allocating
	for i, c := range s {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		low[i] = c
	}
	code, ok := words("currency")[string(low[:len(s)])]
	if !ok {
		code, ok = words("currency")[fold(string(s))]
	}
	if !ok || len(code) != 3 {
		return by, ok
	}
	return currency([]byte(code)), true
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
	whole        int    // cells without either sign
	signs        signEvidence
}

// look adds one trimmed cell.
func (e *decimalEvidence) look(b []byte) {
	if len(b) == 0 {
		return
	}
	if c, d := b[0], b[len(b)-1]; c-'0' > 9 && c != '-' || d-'0' > 9 {
		e.signs.look(b)
	}
	sign := bytes.IndexByte(b, ',')
	if sign < 0 {
		// Nearly every cell: digits, at most one point, few decimals.
		sign = bytes.IndexByte(b, '.')
		if sign < 0 && !wide(b) {
			e.whole++
			return
		}
		if sign >= 0 && !wide(b) && len(b)-sign < 4 {
			e.point++
			return
		}
	}
	var buf [64]byte
	b, _ = withoutWords(b)
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
		e.whole++
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
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b)&0x8080_8080_8080_8080 != 0 {
			return true
		}
	}
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
	e.whole += o.whole
	e.signs.add(o.signs)
	if e.example == "" {
		e.example = o.example
	}
}

// settled reports that a sample is enough: everything in it points one way.
func (e *decimalEvidence) settled() bool {
	if e.signs[1].n > 0 {
		return false
	}
	if e.point == 0 && e.comma == 0 {
		return e.unclear+e.unclearPoint == 0
	}
	return e.point == 0 || e.comma == 0
}

// told reports that some cell has one reading only.
func (e *decimalEvidence) told() bool { return e.point+e.comma > 0 }

// signEvidence counts the currencies that amounts are written with, in the order
// in which they occur; those past the last place are not counted.
type signEvidence [4]struct {
	by   currency
	n    int
	sure int // of these, how many with what no other currency is written with
}

// sure reports whether some amount says for certain that it is in a currency.
func (e *signEvidence) sure(by currency) bool {
	for _, s := range e {
		if s.by == by && s.sure > 0 {
			return true
		}
	}
	return false
}

// look adds one trimmed cell.
func (e *signEvidence) look(b []byte) {
	var buf [64]byte
	b, _ = withoutWords(b)
	p, ok := foldMoney(buf[:0], b)
	if !ok {
		return
	}
	first, last := digitsOf(p)
	if first < 0 {
		return
	}
	_, end, ok := exponentOf(p, last)
	if !ok {
		return
	}
	if _, by, ok := around(p[:first], p[end:]); ok {
		sure := 0
		if certain(p[:first], p[end:]) {
			sure = 1
		}
		e.count(by, 1, sure)
	}
}

func (e *signEvidence) count(by currency, n, sure int) {
	if by == (currency{}) || n == 0 {
		return
	}
	for i := range e {
		if e[i].n == 0 || e[i].by == by {
			e[i].by = by
			e[i].n += n
			e[i].sure += sure
			return
		}
	}
}

func (e *signEvidence) add(o signEvidence) {
	for _, s := range o {
		e.count(s.by, s.n, s.sure)
	}
}

// most returns the currency of most amounts, zero when none has any, and how many
// have another one.
func (e *signEvidence) most() (by currency, others int) {
	best := 0
	for _, s := range e {
		others += s.n
		if s.n > best {
			by, best = s.by, s.n
		}
	}
	return by, others - best
}

// mixedSigns notes the currencies that stand beside amounts where the first piece
// of a file has none. It is shared by the converters of a file.
type mixedSigns struct {
	mu   sync.Mutex
	seen map[string]map[currency]int64 // by column: first line
}

// add notes what one converter saw of a column.
func (m *mixedSigns) add(header string, lines map[currency]int64) {
	if len(lines) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen == nil {
		m.seen = map[string]map[currency]int64{}
	}
	if m.seen[header] == nil {
		m.seen[header] = map[currency]int64{}
	}
	for by, line := range lines {
		if first, ok := m.seen[header][by]; !ok || line < first {
			m.seen[header][by] = line
		}
	}
}

// against is the error of a column that shows a currency only further down, and
// another one than its amounts are taken for.
func (m *mixedSigns) against(reporting string) error {
	if reporting == "" {
		return nil
	}
	for _, header := range slices.Sorted(maps.Keys(m.seen)) {
		for by, line := range m.seen[header] {
			if !likeSign(reporting, by.String()) {
				return &Unfit{fmt.Errorf("column %q: amounts in %s (line %d), and the others are taken for %s, and there is no column of currencies: map one, or load them as files of their own", header, by, line, reporting)}
			}
		}
	}
	return nil
}

// err is the error of a column with two currencies.
func (m *mixedSigns) err() error {
	for _, header := range slices.Sorted(maps.Keys(m.seen)) {
		lines := m.seen[header]
		if len(lines) < 2 {
			continue
		}
		by := slices.SortedFunc(maps.Keys(lines), func(a, b currency) int { return cmp.Compare(lines[a], lines[b]) })
		return &Unfit{fmt.Errorf("column %q: amounts in %s (line %d) and in %s (line %d), and there is no column of currencies: map one, or load them as files of their own",
			header, by[0], lines[by[0]], by[1], lines[by[1]])}
	}
	return nil
}
