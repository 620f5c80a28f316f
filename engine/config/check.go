package config

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones are the same on a machine that has no zone files

	"golang.org/x/text/currency"
)

// Check finds the first setting that is out of its range, as an *Error without
// a line. Read has done it already; call it again after flags have overridden
// something.
func (c Config) Check() error {
	if e := c.check(); e != nil {
		return e
	}
	return nil
}

// Zone is the business time zone of a checked configuration.
func (c Config) Zone() (*time.Location, error) {
	return loadZone(c.Timezone)
}

// check is one list of questions in the order of the file; the first problem ends it.
func (c Config) check() *Error {
	for _, e := range []*Error{
		checkZone("timezone", c.Timezone),
		checkCurrency(c.Currency),
		checkWords("net", c.Net, "tax", "shipping"),
		checkWord("refunds", c.Refunds, "refund", "order"),
		checkRegion(c.PhoneRegion),
		checkWord("purchases", c.Purchases, "all", "positive"),
		checkPath("rates", c.Rates),
		checkSources(c.Sources),
		checkRange("rejects.limit", c.Rejects.Limit, 0, 1),
		c.Identity.check(),
		checkPriority(c.Priority),
		checkExclusions(c.Exclude),
		checkChecks(c.Checks),
		checkDays("horizon_days", c.Horizon),
		checkRange("discount_rate", c.Discount, 0, 10),
		checkMargin(c.Margin),
		c.Churn.check(),
		c.RFM.check(),
		c.Lifecycle.check(),
		checkOwn(c.Segments),
		c.Clusters.check(),
		c.Contact.check(),
		c.Campaigns.check(),
		c.Models.check(c.Segments),
		checkLeast("backtest.origins", c.Backtest.Origins, 1),
		checkLeast("backtest.holdout_days", c.Backtest.Holdout, 0),
		checkLeast("backtest.sample", c.Backtest.Sample, 0),
		checkLeast("models.min_customers", c.Models.MinCustomers, 1),
		checkLeast("models.min_repeaters", c.Models.MinRepeaters, 1),
		c.Gates.check(),
		c.Keep.check(),
		checkMetrics(c.Metrics),
		checkPath("lineage", c.Lineage),
		checkMemory(c.Resources.Memory),
		checkLeast("resources.threads", c.Resources.Threads, 0),
		checkWords("output.reports", c.Output.Reports, "en", "zh"),
	} {
		if e != nil {
			return e
		}
	}
	return nil
}

// bad is an Error that shows the value.
func bad(key, value, reason string) *Error {
	return &Error{Key: key, Value: value, shown: true, Reason: reason}
}

func checkZone(key, name string) *Error {
	if _, err := loadZone(name); err != nil {
		return bad(key, name, "not a time zone: use a name such as UTC, Asia/Shanghai or Europe/London")
	}
	return nil
}

// loadZone refuses the names that mean another zone on another machine, and
// those that DuckDB would not know.
func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is not a time zone", name)
	}
	return time.LoadLocation(name)
}

func checkCurrency(code string) *Error {
	if code == Auto {
		return nil
	}
	if code == "RMB" {
		return bad("currency", code, "the code of the yuan is CNY")
	}
	if _, err := currency.ParseISO(code); err != nil || code != strings.ToUpper(code) {
		return bad("currency", code, "not an ISO 4217 code such as CNY, USD or EUR, and not auto")
	}
	return nil
}

func checkWord(key, word string, allowed ...string) *Error {
	if slices.Contains(allowed, word) {
		return nil
	}
	return bad(key, word, "not one of "+strings.Join(allowed, ", "))
}

// checkWords checks a list without repeats.
func checkWords(key string, words []string, allowed ...string) *Error {
	for i, word := range words {
		at := fmt.Sprintf("%s[%d]", key, i)
		if e := checkWord(at, word, allowed...); e != nil {
			return e
		}
		if slices.Contains(words[:i], word) {
			return bad(at, word, "given twice")
		}
	}
	return nil
}

func checkRange(key string, v, least, most float64) *Error {
	if v >= least && v <= most { // false for NaN
		return nil
	}
	return bad(key, number(v), fmt.Sprintf("not between %g and %g", least, most))
}

func checkLeast(key string, v, least int) *Error {
	if v >= least {
		return nil
	}
	return bad(key, fmt.Sprint(v), fmt.Sprintf("less than %d", least))
}

// maxDays keeps day arithmetic far from overflow: a century.
const maxDays = 36525

func checkDays(key string, v int) *Error {
	if v >= 1 && v <= maxDays {
		return nil
	}
	return bad(key, fmt.Sprint(v), fmt.Sprintf("not a number of days between 1 and %d", maxDays))
}

func checkMargin(v float64) *Error {
	if v >= 0 && v <= 1 {
		return nil
	}
	return bad("margin", number(v), "not more than 0 and at most 1 (100%), and not auto")
}

// minMemory is below what any command needs.
const minMemory Size = 256 << 20

func checkMemory(v Size) *Error {
	if v == 0 || v >= minMemory {
		return nil
	}
	return bad("resources.memory", v.String(), "too little: at least 256MiB is needed")
}

func (c Churn) check() *Error {
	if e := checkDays("churn.window_days", c.Window); e != nil {
		return e
	}
	if e := checkRange("churn.medium", c.Medium, 0, 1); e != nil {
		return e
	}
	if e := checkRange("churn.high", c.High, 0, 1); e != nil {
		return e
	}
	if c.High <= c.Medium {
		return bad("churn.high", number(c.High), "not above medium, which is "+number(c.Medium))
	}
	return checkWord("churn.model", c.Model, ChurnModels()...)
}

func (m Models) check(own []Own) *Error {
	if e := checkWord("models.purchase", m.Purchase, PurchaseModels()...); e != nil {
		return e
	}
	if e := checkWords("models.buying", m.Buying, CovariateColumns()...); e != nil {
		return e
	}
	if e := checkWords("models.leaving", m.Leaving, CovariateColumns()...); e != nil {
		return e
	}
	if e := checkGiven("models.frozen", m.Frozen); e != nil {
		return e
	}
	if m.By == "" {
		return nil
	}
	if slices.Contains(m.Buying, m.By) || slices.Contains(m.Leaving, m.By) {
		return bad("models.by", m.By, "each of its values is fitted by itself, so it cannot be in models.buying or models.leaving too")
	}
	if slices.ContainsFunc(own, func(s Own) bool { return s.Name == m.By }) {
		return bad("models.by", m.By, "own segments are made of scores, so they are known only after the models are fitted, and they may share customers: not one of "+strings.Join(GroupColumns(), ", "))
	}
	return checkWord("models.by", m.By, GroupColumns()...)
}

func (l Lifecycle) check() *Error {
	days := []struct {
		name string
		v    int
	}{
		{"new_days", l.New}, {"active_days", l.Active}, {"at_risk_days", l.AtRisk}, {"lapsed_days", l.Lapsed},
	}
	for i, d := range days {
		key := "lifecycle." + d.name
		if e := checkDays(key, d.v); e != nil {
			return e
		}
		// new_days may equal active_days: one is about the first purchase, the other about the last.
		if i == 1 && d.v < days[0].v || i > 1 && d.v <= days[i-1].v {
			return bad(key, fmt.Sprint(d.v), fmt.Sprintf("the thresholds must rise: %s is %d", days[i-1].name, days[i-1].v))
		}
	}
	return checkDays("lifecycle.won_back_gap_days", l.WonBack)
}

// bins is how many scores there are where no cut points are given.
const bins = 5

func (r RFM) check() *Error {
	if e := checkWord("rfm.scheme", r.Scheme, Schemes()...); e != nil {
		return e
	}
	if e := checkWord("rfm.monetary", r.Monetary, "total", "average"); e != nil {
		return e
	}
	if e := checkWord("rfm.rule", r.Rule, "values", "scores"); e != nil {
		return e
	}
	for _, cuts := range []struct {
		key    string
		points []float64
	}{{"rfm.recency", r.Recency}, {"rfm.frequency", r.Frequency}, {"rfm.money", r.Money}} {
		if e := checkCuts(cuts.key, cuts.points); e != nil {
			return e
		}
	}
	return r.checkSegments()
}

// checkCuts wants no cut points or the four that make scores 1 to 5.
func checkCuts(key string, points []float64) *Error {
	if len(points) == 0 {
		return nil
	}
	for i, v := range points {
		at := fmt.Sprintf("%s[%d]", key, i)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return bad(at, number(v), "not a finite number")
		}
		if i > 0 && v <= points[i-1] {
			return bad(at, number(v), "cut points must rise, and the one before is "+number(points[i-1]))
		}
	}
	if len(points) != bins-1 {
		return &Error{Key: key, Reason: fmt.Sprintf("%d cut points: %d are needed, which make scores 1 to %d", len(points), bins-1, bins)}
	}
	return nil
}

func (r RFM) checkSegments() *Error {
	if r.Scheme != "custom" {
		if len(r.Segments) > 0 {
			return &Error{Key: "rfm.segments", Reason: "own segments have no effect with scheme " + r.Scheme + ": set scheme: custom"}
		}
		return nil
	}
	if len(r.Segments) == 0 {
		return &Error{Key: "rfm.scheme", Reason: "scheme custom needs rfm.segments"}
	}
	seen := map[string]bool{}
	for i, s := range r.Segments {
		key := fmt.Sprintf("rfm.segments[%d]", i)
		if strings.TrimSpace(s.Name) == "" {
			return &Error{Key: key, Reason: "name is missing"}
		}
		if seen[s.Name] {
			return bad(key+".name", s.Name, "two segments have this name")
		}
		seen[s.Name] = true
		if len(s.Codes) == 0 {
			return &Error{Key: key, Reason: "codes are missing"}
		}
		for j, code := range s.Codes {
			if reason := checkCode(code); reason != "" {
				return bad(fmt.Sprintf("%s.codes[%d]", key, j), code, reason)
			}
		}
	}
	return nil
}

// checkCode says what is wrong with a pattern such as 5[4-5]*, or "".
func checkCode(code string) string {
	rest, positions := code, 0
	digit := func(b byte) bool { return b >= '1' && b <= '0'+bins }
	for rest != "" {
		switch {
		case rest[0] == '*', digit(rest[0]):
			rest = rest[1:]
		case len(rest) >= 5 && rest[0] == '[' && digit(rest[1]) && rest[2] == '-' && digit(rest[3]) && rest[4] == ']':
			if rest[1] > rest[3] {
				return "a range must rise, as in [2-4]"
			}
			rest = rest[5:]
		default:
			return "each of R, F and M is a score from 1 to 5, a range such as [2-4], or *"
		}
		positions++
	}
	if positions != 3 {
		return fmt.Sprintf("%d positions: three are needed, for R, F and M", positions)
	}
	return ""
}
