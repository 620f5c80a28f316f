package segment

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// kind is what a token is.
type kind int

const (
	end    kind = iota
	word        // a name or a keyword
	text        // what stood between quotes
	number      // without a sign
	date
	mark // an operator, a parenthesis, a comma, a dot, %
)

// token is one word of a rule.
type token struct {
	kind   kind
	at     int     // its first byte in the rule
	text   string  // as it counts: quotes and full-width forms are resolved
	lower  string  // of a word: in small letters, to be compared with keywords
	number float64 // of a number
	day    int     // of a date: days since 1970-01-01
}

// String is how a mistake names the token.
func (t token) String() string {
	switch t.kind {
	case end:
		return "the end"
	case text:
		return quoted(shortened(t.text))
	}
	return strconv.Quote(shortened(t.text))
}

// shortened bounds what a message, which is one line, shows of a text.
func shortened(s string) string {
	const most = 40
	s = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}

// lex cuts a rule into tokens, the last of which is the end.
func lex(rule string) ([]token, *Error) {
	var tokens []token
	for at := 0; at < len(rule); {
		r, size := utf8.DecodeRuneInString(rule[at:])
		if unicode.IsSpace(r) {
			at += size
			continue
		}
		t, next, e := lexOne(rule, at)
		if e != nil {
			return nil, e
		}
		tokens = append(tokens, t)
		at = next
	}
	return append(tokens, token{kind: end, at: len(rule)}), nil
}

// lexOne reads the token at a place, and says where it ends.
func lexOne(rule string, at int) (token, int, *Error) {
	r, _ := utf8.DecodeRuneInString(rule[at:])
	switch plain := narrow(r); {
	case strings.ContainsRune(opening, r):
		return lexText(rule, at)
	case plain >= '0' && plain <= '9':
		return lexNumber(rule, at)
	case isLetter(plain):
		return lexWord(rule, at)
	}
	return lexMark(rule, at)
}

// narrow is the ASCII form of a full-width character, and any other as it is.
func narrow(r rune) rune {
	switch {
	case r >= '！' && r <= '～':
		return r - '！' + '!'
	case r == '、':
		return ','
	}
	return r
}

func isLetter(r rune) bool { return r == '_' || unicode.IsLetter(r) }

func isWord(r rune) bool { return isLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) }

// take is the narrow form of the characters from at on for which f holds, and
// where they end.
func take(rule string, at int, f func(rune) bool) (string, int) {
	var b strings.Builder
	for at < len(rule) {
		r, size := utf8.DecodeRuneInString(rule[at:])
		if r = narrow(r); !f(r) {
			break
		}
		b.WriteRune(r)
		at += size
	}
	return b.String(), at
}

// wordLength is more bytes than any name needs.
const wordLength = 200

func lexWord(rule string, at int) (token, int, *Error) {
	s, next := take(rule, at, isWord)
	if len(s) > wordLength {
		return token{}, 0, mistake(rule, at, phrase{"this word is too long: a text stands in quotes", "这个词太长：文字要加引号"})
	}
	return token{kind: word, at: at, text: s, lower: strings.ToLower(s)}, next, nil
}

// opening are the marks with which a text may begin.
const opening = `'"‘’“”＇＂「『`

// lexText reads a text between quotes. Between straight quotes a doubled quote is
// the quote itself.
func lexText(rule string, at int) (token, int, *Error) {
	open, size := utf8.DecodeRuneInString(rule[at:])
	from := at + size
	var length int // of what is between the quotes, in bytes
	switch rest := rule[from:]; open {
	case '\'', '"':
		return lexStraight(rule, at, string(open))
	case '‘', '’':
		length = curlyEnd(rest, "‘", "’", "'")
	case '“', '”':
		length = curlyEnd(rest, "“", "”", `"`)
	case '「':
		length = strings.Index(rest, "」")
	case '『':
		length = strings.Index(rest, "』")
	default: // full-width straight quotes
		length = strings.IndexRune(rest, open)
	}
	if length < 0 {
		return token{}, 0, unclosed(rule, at)
	}
	s := rule[from : from+length]
	_, size = utf8.DecodeRuneInString(rule[from+length:])
	return token{kind: text, at: at, text: s}, from + length + size, nil
}

// curlyEnd is where a text that a curly quote begins ends: at the next closing one,
// so that ‘O'Brien’ is whole. Where an opening one or none comes first, keyboards
// have put the straight or the opening quote in its place.
func curlyEnd(s, open, closing, straight string) int {
	curly := strings.IndexAny(s, open+closing)
	if curly >= 0 && strings.HasPrefix(s[curly:], closing) {
		return curly
	}
	if i := strings.Index(s, straight); i >= 0 && (curly < 0 || i < curly) {
		return i
	}
	return curly
}

func lexStraight(rule string, at int, quote string) (token, int, *Error) {
	var b strings.Builder
	for from := at + 1; ; {
		length := strings.Index(rule[from:], quote)
		if length < 0 {
			return token{}, 0, unclosed(rule, at)
		}
		b.WriteString(rule[from : from+length])
		from += length + 1
		if !strings.HasPrefix(rule[from:], quote) {
			return token{kind: text, at: at, text: b.String()}, from, nil
		}
		b.WriteString(quote)
		from++
	}
}

func unclosed(rule string, at int) *Error {
	return mistake(rule, at, phrase{"the text that begins here does not end: its closing quote is missing", "从这里开始的文字没有结束：缺少后引号"})
}

var (
	dateForm   = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	likeADate  = regexp.MustCompile(`^\d{4}([-/.])\d{1,2}([-/.])\d{1,2}`)
	numberForm = regexp.MustCompile(`^\d+(\.\d+)?([eE][-+]?\d+)?`)
)

func dateExpected() phrase { return phrase{"dates are written 2026-01-31", "日期写作 2026-01-31"} }

// numberLength is more characters than any number or date needs.
const numberLength = 400

func lexNumber(rule string, at int) (token, int, *Error) {
	taken := 0
	s, _ := take(rule, at, func(r rune) bool {
		taken++
		return taken <= numberLength && (r >= '0' && r <= '9' || strings.ContainsRune("-+/.eE", r))
	})
	if taken > numberLength {
		return token{}, 0, mistake(rule, at, phrase{"this number is too long", "这个数字太长"})
	}
	if found := likeADate.FindString(s); found != "" {
		if !dateForm.MatchString(found) {
			return token{}, 0, mistake(rule, at, phrase{"%q: %s", "%q：%s"}.with(found, dateExpected()))
		}
		day, ok := parseDay(found)
		if !ok {
			return token{}, 0, mistake(rule, at, phrase{"%q: there is no such day", "%q：没有这一天"}.with(found))
		}
		return token{kind: date, at: at, text: found, day: day}, width(rule, at, len(found)), nil
	}
	form := numberForm.FindString(s)
	v, err := strconv.ParseFloat(form, 64)
	if err != nil {
		return token{}, 0, mistake(rule, at, phrase{"%q: not a number", "%q：不是数字"}.with(shortened(form)))
	}
	next := width(rule, at, len(form))
	if next < len(rule) && rule[next] == '.' {
		return token{}, 0, mistake(rule, next, phrase{"digits are missing after the point", "小数点后缺少数字"})
	}
	return token{kind: number, at: at, text: form, number: v}, next, nil
}

// width is where the n characters from at on end.
func width(rule string, at, n int) int {
	for range n {
		_, size := utf8.DecodeRuneInString(rule[at:])
		at += size
	}
	return at
}

// parseDay is the day of YYYY-MM-DD, in days since 1970-01-01.
func parseDay(s string) (int, bool) {
	t, err := time.Parse(time.DateOnly, s)
	return dayOf(t), err == nil && t.Year() > 0
}

func dayOf(t time.Time) int { return int(t.Unix() / 86_400) }

func timeOf(day int) time.Time { return time.Unix(int64(day)*86_400, 0).UTC() }

// marks are the operators and what stands between words, the longest first, and
// what each counts as.
func marks() [][2]string {
	return [][2]string{
		{"!=", "!="}, {"<>", "!="}, {"<=", "<="}, {">=", ">="}, {"==", "="}, {"≠", "!="}, {"≤", "<="}, {"≥", ">="}, {"≦", "<="}, {"≧", ">="},
		{"=", "="}, {"<", "<"}, {">", ">"}, {"(", "("}, {")", ")"}, {",", ","}, {"-", "-"}, {"−", "-"}, {"–", "-"}, {"+", "+"}, {".", "."}, {"%", "%"},
	}
}

func lexMark(rule string, at int) (token, int, *Error) {
	first, size := utf8.DecodeRuneInString(rule[at:])
	two := string(narrow(first))
	if second, _ := utf8.DecodeRuneInString(rule[at+size:]); second != utf8.RuneError {
		two += string(narrow(second))
	}
	for _, m := range marks() {
		if strings.HasPrefix(two, m[0]) {
			return token{kind: mark, at: at, text: m[1]}, width(rule, at, utf8.RuneCountInString(m[0])), nil
		}
	}
	var instead phrase
	switch first {
	case '&':
		instead = phrase{": write and", "：请写 and"}
	case '|':
		instead = phrase{": write or", "：请写 or"}
	case '!':
		instead = phrase{": write not", "：请写 not"}
	case '*', '?':
		instead = phrase{": it stands for any text within the quotes of like 'tea*'", "：通配符写在 like 的引号之内，例如 like 'tea*'"}
	case '¥', '￥', '$', '€', '£':
		instead = phrase{": amounts are in the reporting currency, write the number alone", "：金额均为报告币种，只写数字"}
	case ';', '；', '。':
		instead = phrase{": conditions are joined by and, or", "：条件之间用 and、or 连接"}
	}
	return token{}, 0, mistake(rule, at, phrase{"%q has no meaning here%s", "%q 在此处没有意义%s"}.with(first, instead))
}
