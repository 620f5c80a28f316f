package ingest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

// phones turns telephone numbers into their one form, E.164. It belongs to one
// goroutine and remembers the cells that took thought.
type phones struct {
	region string // of numbers without a country code
	code   int    // the country code of the region
	mobile *mobileRanges
	seen   map[string]string // a cell: its number, or ""
}

// maxPhones is how many different cells a phones remembers.
const maxPhones = 1 << 14

// checkRegion says what is wrong with a region of telephone numbers.
func checkRegion(region string) error {
	if region != "" && phonenumbers.GetCountryCodeForRegion(region) == 0 {
		return fmt.Errorf("region of telephone numbers %q is no ISO 3166 code of two capital letters such as CN, US or GB", region)
	}
	return nil
}

// newPhones returns the converter of a region, an ISO 3166 code; "" is CN.
func newPhones(region string) *phones {
	if region == "" {
		region = "CN"
	}
	return &phones{region: region, code: phonenumbers.GetCountryCodeForRegion(region), mobile: chinaMobiles(), seen: map[string]string{}}
}

// mobileRanges says of the first four digits of a Chinese mobile number, from
// 1300 on, whether all such numbers are given out. Of 1740 some are: those take thought.
type mobileRanges [700]bool

var chinaMobiles = sync.OnceValue(func() *mobileRanges {
	var ranges mobileRanges
	for i := range ranges {
		first := uint64(1300+i) * 10_000_000
		ranges[i] = assigned(86, first+234_567) && assigned(86, first+9_234_567)
	}
	return &ranges
})

// assigned reports whether a number may be in use, by the numbering plan of its country.
func assigned(code int, national uint64) bool {
	c := int32(code)
	return phonenumbers.IsValidNumber(&phonenumbers.PhoneNumber{CountryCode: &c, NationalNumber: &national})
}

// append appends the first telephone number of a cell in E.164, +8613800138001,
// and reports whether there is one. Numbers without a country code are those of
// the region; 86, 0086 and other codes without a plus are understood where the
// number would be none of the region. Full-width digits, blanks, brackets and
// - . / count for nothing, and so do labels before a number.
//
// There is none where the numbering plan of the country has no such number, where
// it is masked (186****0005), and where it is plainly made up: equal digits,
// 12345678, 13800000000. Extensions are cut off; a mobile number with an extension is
// lent by a platform for one delivery, so it is nobody's.
func (p *phones) append(dst, b []byte) ([]byte, bool) {
	b = trim(b)
	if mobile, ok := p.chinese(b); ok {
		return append(append(dst, "+86"...), mobile[:]...), true
	}
	if len(b) == 0 {
		return dst, false
	}
	number, ok := p.seen[string(b)]
	if !ok {
		number = p.find(b)
		if len(p.seen) == maxPhones {
			clear(p.seen)
		}
		p.seen[string(b)] = number
	}
	return append(dst, number...), number != ""
}

// chinese reads a Chinese mobile number, nearly every number of a Chinese shop,
// in one go: eleven digits after +86, 0086, 86 or nothing, with blanks and dashes.
func (p *phones) chinese(b []byte) (mobile [11]byte, ok bool) {
	var digits [15]byte
	n := 0
	plus := len(b) > 0 && b[0] == '+'
	if plus {
		b = b[1:]
	}
	for _, c := range b {
		switch {
		case c-'0' > 9 && c != ' ' && c != '-', n == len(digits):
			return mobile, false
		case c-'0' <= 9:
			digits[n] = c
			n++
		}
	}
	code := digits[:max(n-len(mobile), 0)]
	switch string(code) {
	case "":
		ok = p.code == 86 && !plus
	case "86":
		ok = p.code == 86 || plus
	case "0086":
		ok = !plus
	}
	if !ok || n < len(mobile) {
		return mobile, false
	}
	copy(mobile[:], digits[len(code):n])
	return mobile, p.isMobile(mobile[:])
}

// isMobile reports the eleven digits of a Chinese mobile number.
func (p *phones) isMobile(b []byte) bool {
	head, ok := four(b)
	if !ok || head < 1300 || head > 1999 || !p.mobile[head-1300] {
		return false
	}
	zeros := 0
	for _, c := range b[3:] {
		if c-'0' > 9 {
			return false
		}
		if c == '0' {
			zeros++
		}
	}
	return zeros < 8
}

// find returns the first number of a text, or "".
func (p *phones) find(b []byte) string {
	if len(b) > 200 || spoilt(b) {
		return ""
	}
	if digits, ok := bytes.CutSuffix(b, []byte(".0")); ok && bytes.IndexByte(digits, '.') < 0 {
		b = digits // a column of numbers with decimals, as pandas writes it
	}
	for piece := range pieces(b) {
		if number := p.parse(piece.text); number != "" {
			if piece.extended && strings.HasPrefix(number, "+861") && len(number) == 14 {
				return ""
			}
			return number
		}
	}
	return ""
}

// piece is a run of a text that may be a number: digits with signs between them.
type piece struct {
	text     string
	extended bool // an extension follows
}

// pieces yields the runs of a text that are not masked.
func pieces(b []byte) func(yield func(piece) bool) {
	return func(yield func(piece) bool) {
		var run []byte
		masked := false
		end := func(rest []byte, by rune) bool {
			text := string(bytes.Trim(run, " -./"))
			hidden := masked || by == '*'
			run, masked = run[:0], by == '*'
			return text == "" || hidden || yield(piece{text, extends(rest)})
		}
		for i := 0; i < len(b); {
			r, size := utf8.DecodeRune(b[i:])
			switch r = plain(r); {
			case r >= '0' && r <= '9', r == ' ', r == '-', r == '(', r == ')', r == '.', r == '/':
				run = append(run, byte(r))
			case r == '\t' || r == '\r':
				run = append(run, ' ')
			case r == '\n':
				if !end(nil, r) {
					return
				}
			case r == '+':
				if len(bytes.Trim(run, " (")) > 0 && !end(nil, r) {
					return
				}
				run = append(run, '+')
			case r == '—', r == '―', r == 'ー':
				run = append(run, '-')
			case blank(r): // address books wrap marks around numbers that nobody sees
			default:
				if !end(b[i:], r) {
					return
				}
			}
			i += size
		}
		end(nil, 0)
	}
}

// extends reports a text that begins with what stands before an extension, and digits.
func extends(b []byte) bool {
	text := strings.ToLower(string(b))
	for _, mark := range [...]string{"转", "轉", "分机", "分機", "extension", "ext", "x", "#"} {
		if rest, ok := strings.CutPrefix(text, mark); ok {
			rest = strings.TrimLeft(rest, " .:：-")
			return rest != "" && rest[0]-'0' <= 9
		}
	}
	return false
}

// parse returns the number that a piece is, or the first one in it, or "".
func (p *phones) parse(s string) string {
	if number := p.number(s); number != "" {
		return number
	}
	// 0571-88881234-801 has an extension, 13800138001-801 as well.
	if i := strings.LastIndexByte(s, '-'); i > 0 && len(s)-i <= 6 {
		if number := p.number(s[:i]); number != "" {
			if strings.HasPrefix(number, "+861") && len(number) == 14 {
				return ""
			}
			return number
		}
	}
	for _, sep := range [...]string{"/", "  ", " "} {
		parts := strings.Split(s, sep)
		if len(parts) < 2 || slices.ContainsFunc(parts, func(p string) bool { return len(p) < 8 }) {
			continue // one number in groups
		}
		for _, part := range parts {
			if number := p.number(part); number != "" {
				return number
			}
		}
	}
	return ""
}

// number returns the E.164 form of a text that is one number, or "".
func (p *phones) number(s string) string {
	digits, plus := digitsOnly(s)
	if plus {
		return p.abroad(digits)
	}
	if rest, ok := strings.CutPrefix(digits, "00"); ok {
		return p.abroad(rest)
	}
	if len(digits) < 5 || len(digits) > 17 {
		return ""
	}
	if digits[0] != '0' && assigned(p.code, decimal(digits)) {
		return plausible(fmt.Sprintf("+%d%s", p.code, digits), digits)
	}
	if number := p.slow(digits, p.region); number != "" {
		return number
	}
	if wrong := p.code == 86 && digits[0] == '1' && len(digits) == 11; digits[0] == '0' || len(digits) < 11 || wrong {
		return "" // a mistyped mobile number of China would be one of America
	}
	return p.abroad(digits) // a country code without its plus
}

// abroad returns a number with a country code in front, or "".
func (p *phones) abroad(digits string) string {
	if len(digits) < 7 || len(digits) > 17 || digits[0] == '0' {
		return ""
	}
	code := 0
	for i := 1; i <= 3; i++ {
		code = code*10 + int(digits[i-1]-'0')
		if phonenumbers.GetRegionCodeForCountryCode(code) == phonenumbers.UNKNOWN_REGION {
			continue
		}
		if national := digits[i:]; national[0] != '0' && assigned(code, decimal(national)) {
			return plausible("+"+digits, national)
		}
		// +44 (0)20 ...: what is dialled at home only is cut off.
		return p.slow("+"+digits, phonenumbers.UNKNOWN_REGION)
	}
	return ""
}

// slow is the whole of the numbering plans' rules.
func (p *phones) slow(s, region string) string {
	n, err := phonenumbers.Parse(s, region)
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return ""
	}
	return plausible(phonenumbers.Format(n, phonenumbers.E164), phonenumbers.GetNationalSignificantNumber(n))
}

// plausible returns the number unless its national part is plainly made up.
func plausible(number, national string) string {
	if strings.HasSuffix(national, "00000000") || strings.Trim(national, national[:1]) == "" ||
		strings.HasPrefix("1234567890", national) || strings.HasPrefix("9876543210", national) || strings.HasPrefix("87654321", national) {
		return ""
	}
	return number
}

// digitsOnly returns the digits of a text, and whether a plus stands before them.
func digitsOnly(s string) (digits string, plus bool) {
	plus = strings.HasPrefix(strings.TrimLeft(s, " ("), "+")
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s), plus
}

// decimal is the value of at most 17 digits.
func decimal(digits string) (n uint64) {
	for _, c := range []byte(digits) {
		n = n*10 + uint64(c-'0')
	}
	return n
}
