package segment

import (
	"errors"
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

var rules = flag.Int("rules", 20_000, "rules that TestAnyText makes up")

// any text is parsed or refused, and what is parsed prints in a form of its own,
// compiles or is refused, and then consists of words that are ours.
func check(t *testing.T, text string) (accepted bool) {
	t.Helper()
	r, err := Parse(text)
	if err != nil {
		told(t, text, err)
		return false
	}
	printed := r.String()
	if again, err := Parse(printed); len(printed) <= maxBytes && (err != nil || again.String() != printed) {
		t.Fatalf("%q prints as %q, which is read as %v, %v", text, printed, again, err)
	}
	c, err := r.Compile(shop(), 20_604)
	if err != nil {
		told(t, text, err)
		return false
	}
	if found := foreign(c); len(found) > 0 {
		t.Fatalf("%q: %q in %s", text, found, c.SQL)
	}
	if again, err := Parse(printed); err == nil {
		if d, err := again.Compile(shop(), 20_604); err != nil || d.SQL != c.SQL {
			t.Fatalf("%q compiles to %s, and as it is printed to %s, %v", text, c.SQL, d.SQL, err)
		}
	}
	return true
}

func told(t *testing.T, text string, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Reason == "" || strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 600 {
		t.Fatalf("%q: %q is no clear mistake", text, err)
	}
	if zh := e.In("zh"); e.Zh == "" || strings.ContainsAny(zh, "\n\r") || strings.Contains(zh, "%!") || !slices.ContainsFunc([]rune(e.Zh), func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		t.Fatalf("%q: %q is no clear mistake in Chinese", text, zh)
	}
	e.Caret()
}

func FuzzRule(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) { check(t, text) })
}

// seeds are rules of every form.
func seeds() []string {
	return []string{
		"clv > 500 and last_order_on < as_of - 90 days",
		"spend on category '茶叶' in 365 days > 500 or not (bought product like 'MS-*' since 2026-01-01)",
		"opened campaign 'spring' and not clicked campaign in ('a', 'b') in 30 days",
		"no interaction of kind 'complaint' in 30 days and interactions of kind 'call' in 30 days >= 2",
		"city in ('杭州'，“上海”、「北京」) and birthday in 7 days and age between 18 and 30",
		"satisfaction in 90 days < 3 or nps is missing or first order within 30 days",
		"tag 'VIP' or tag like 'V*' or attribute.level = 'gold' or attribute.'VIP 等级' >= 3",
		"segment 'At Risk' and segment in ('active', 'lost') of lifecycle or segment 'x' of cluster",
		"churn_risk ＞＝ 50% and recency_days > 3 weeks and email_consent = yes",
		"orders with channel 'web' from 2025-11-01 to as_of - 1 day between 1 and 5",
		"first_order_on = last_order_on and net_revenue not in (1, -2.5, 3e5, 5万)",
		"refunded in 12 months > 100 and refunds in 1 year != 2 and received in 7 days",
	}
}

// TestAnyText feeds texts that are made of pieces of rules, and rules of which
// something is changed: -rules=1000000 in make soak.
func TestAnyText(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 3))
	pieces := strings.Fields(strings.Join(seeds(), " ") + ` ( ) , . - + % = != < <= > >= not and or in between like is missing known no as_of days tag segment of on with
 attribute . '' ' " “ ” ‘ ’ 、 ， （ ） ￥ * ? ; -- /* */ $1 \ null 0 1 -1 1e400 2026-01-01 2026-13-01 9999-12-31 36600 天`)
	for i := range 40 {
		pieces = append(pieces, string(rune(0x20+i*3)), string(rune(0x4E00+i*97)))
	}
	accepted := 0
	for range *rules {
		var text string
		if random.IntN(3) == 0 {
			n := 1 + random.IntN(20)
			words := make([]string, n)
			for i := range words {
				words[i] = pieces[random.IntN(len(pieces))]
			}
			text = strings.Join(words, " ")
		} else {
			text = mutated(random, seeds()[random.IntN(len(seeds()))], pieces)
		}
		if check(t, text) {
			accepted++
		}
	}
	if accepted < *rules/50 {
		t.Errorf("only %d of %d texts are rules: the test hardly tests", accepted, *rules)
	}
}

// mutated is a text with a few changes.
func mutated(random *rand.Rand, s string, pieces []string) string {
	for range random.IntN(4) {
		at := random.IntN(len(s) + 1)
		for at < len(s) && !utf8.RuneStart(s[at]) && random.IntN(8) > 0 {
			at++
		}
		switch random.IntN(4) {
		case 0:
			s = s[:at] + pieces[random.IntN(len(pieces))] + s[at:]
		case 1:
			s = s[:at] + s[min(len(s), at+1+random.IntN(6)):]
		case 2:
			s = s[:at] + " " + pieces[random.IntN(len(pieces))] + " " + s[at:]
		case 3:
			from := random.IntN(len(s) + 1)
			s = s[:at] + s[from:min(len(s), from+random.IntN(30))] + s[at:]
		}
	}
	return s
}
