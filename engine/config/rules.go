package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"
)

func checkRegion(code string) *Error {
	if code == "UK" {
		return bad("phone_region", code, "the code of the United Kingdom is GB")
	}
	region, err := language.ParseRegion(code)
	if err != nil || !region.IsCountry() || region.String() != code {
		return bad("phone_region", code, "not an ISO 3166 code of a region such as CN, US or GB")
	}
	return nil
}

// checkPath allows an empty path, which is none.
func checkPath(key, path string) *Error {
	if path != "" && strings.TrimSpace(path) == "" {
		return bad(key, path, "an empty path")
	}
	return nil
}

func (i Identity) check() *Error {
	if e := checkWords("identity.match", i.Match, "email", "phone", "member_id"); e != nil {
		return e
	}
	if e := checkLeast("identity.shared_limit", i.SharedLimit, 1); e != nil {
		return e
	}
	if e := checkGiven("identity.ignore", i.Ignore); e != nil {
		return e
	}
	return checkGiven("identity.links", i.Links)
}

// checkGiven refuses blank entries and repeats.
func checkGiven(key string, words []string) *Error {
	for i, word := range words {
		at := fmt.Sprintf("%s[%d]", key, i)
		if strings.TrimSpace(word) == "" {
			return bad(at, word, "blank")
		}
		if slices.Contains(words[:i], word) {
			return bad(at, word, "given twice")
		}
	}
	return nil
}

func checkPriority(sources []string) *Error {
	for i, name := range sources {
		if reason := checkName(name); reason != "" {
			return bad(fmt.Sprintf("priority[%d]", i), name, reason)
		}
	}
	return checkGiven("priority", sources)
}

// checkTitle checks the name of a rule, which people read: any words on a line.
func checkTitle(key, name string, seen map[string]bool) *Error {
	if strings.TrimSpace(name) == "" {
		return &Error{Key: key, Reason: "name is missing"}
	}
	if utf8.RuneCountInString(name) > 64 {
		return bad(key+".name", name, "longer than 64 characters")
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return bad(key+".name", name, "more than one line, or a control character")
	}
	if seen[name] {
		return bad(key+".name", name, "given twice")
	}
	seen[name] = true
	return nil
}

func checkExclusions(rules []Exclusion) *Error {
	seen := map[string]bool{}
	for i, rule := range rules {
		key := fmt.Sprintf("exclude[%d]", i)
		if e := checkTitle(key, rule.Name, seen); e != nil {
			return e
		}
		if e := rule.check(key); e != nil {
			return e
		}
	}
	return nil
}

func (x Exclusion) check(key string) *Error {
	switch {
	case len(x.Customers) == 0 && len(x.Orders) == 0:
		return &Error{Key: key, Reason: "conditions are missing: customers or orders"}
	case len(x.Customers) > 0 && len(x.Orders) > 0:
		return &Error{Key: key, Reason: "customers and orders in one rule: make two rules"}
	case len(x.Customers) > 0:
		return checkConditions(key+".customers", x.Customers, append(CustomerColumns(), "attribute.NAME"))
	}
	return checkConditions(key+".orders", x.Orders, append(OrderColumns(), "net_above", "net_below"))
}

func checkConditions(key string, conditions map[string][]string, columns []string) *Error {
	for _, name := range slices.Sorted(maps.Keys(conditions)) {
		at, values := key+"."+name, conditions[name]
		if attribute, ok := strings.CutPrefix(name, "attribute."); ok && slices.Contains(columns, "attribute.NAME") {
			if strings.TrimSpace(attribute) == "" {
				return &Error{Key: at, Reason: "the name of the attribute is missing: attribute.NAME"}
			}
		} else if !slices.Contains(columns, name) {
			if near := nearest(name, columns); near != "" {
				return &Error{Key: at, Reason: fmt.Sprintf("did you mean %q?", near)}
			}
			return &Error{Key: at, Reason: "not one of " + strings.Join(columns, ", ")}
		}
		if len(values) == 0 {
			return &Error{Key: at, Reason: "no value given"}
		}
		if name == "net_above" || name == "net_below" {
			if e := checkAmount(at, values); e != nil {
				return e
			}
			continue
		}
		if e := checkGiven(at, values); e != nil {
			return e
		}
	}
	return nil
}

// checkAmount checks one amount of money as the store can hold it: up to 14
// digits, and up to 4 after the point.
func checkAmount(key string, values []string) *Error {
	if len(values) > 1 {
		return &Error{Key: key, Reason: "a single amount is needed here"}
	}
	if !regexp.MustCompile(`^-?[0-9]{1,14}(\.[0-9]{1,4})?$`).MatchString(values[0]) {
		return bad(key, values[0], "not an amount such as 50000 or 0.5")
	}
	return nil
}

func checkChecks(checks []Check) *Error {
	seen := map[string]bool{}
	for i, c := range checks {
		key := fmt.Sprintf("checks[%d]", i)
		if e := checkTitle(key, c.Name, seen); e != nil {
			return e
		}
		if e := c.check(key); e != nil {
			return e
		}
	}
	return nil
}

// rules are the keys of the rules that are set.
func (c Check) rules() []string {
	var set []string
	for _, r := range []struct {
		name string
		set  bool
	}{
		{"not_null", c.NotNull}, {"unique", c.Unique}, {"in", len(c.In) > 0}, {"min", c.Min != nil || c.Max != nil},
		{"matches", len(c.Matches) > 0}, {"references", c.References != ""}, {"fresh_days", c.FreshDays != nil}, {"volume", c.Volume != nil},
	} {
		if r.set {
			set = append(set, r.name)
		}
	}
	return set
}

func (c Check) check(key string) *Error {
	if c.Table == "" {
		return &Error{Key: key, Reason: "table is missing: one of " + strings.Join(CheckTables(), ", ")}
	}
	if e := checkWord(key+".table", c.Table, CheckTables()...); e != nil {
		return e
	}
	switch rules := c.rules(); {
	case len(rules) == 0:
		return &Error{Key: key, Reason: "a rule is missing: one of not_null, unique, in, min, max, matches, references, fresh_days, volume"}
	case len(rules) > 1:
		return &Error{Key: key, Reason: fmt.Sprintf("%s and %s in one check: make two checks", rules[0], rules[1])}
	}
	if e := c.checkColumn(key); e != nil {
		return e
	}
	if e := c.checkRule(key); e != nil {
		return e
	}
	for _, column := range slices.Sorted(maps.Keys(c.Where)) {
		at := key + ".where." + column
		if !isColumn(column) {
			return &Error{Key: at, Reason: "not a name of a column"}
		}
		if len(c.Where[column]) == 0 {
			return &Error{Key: at, Reason: "no value given"}
		}
	}
	return checkWord(key+".severity", c.Severity, "error", "warning")
}

func (c Check) checkColumn(key string) *Error {
	if c.Volume != nil {
		if c.Column != "" {
			return bad(key+".column", c.Column, "volume counts rows and has no column")
		}
		return nil
	}
	if c.Column == "" {
		return &Error{Key: key, Reason: "column is missing"}
	}
	if !isColumn(c.Column) {
		return bad(key+".column", c.Column, "not a name of a column")
	}
	return nil
}

func (c Check) checkRule(key string) *Error {
	switch c.Rule() {
	case "in":
		return checkGiven(key+".in", c.In)
	case "matches":
		return checkGiven(key+".matches", c.Matches)
	case "min":
		if c.Min != nil && c.Max != nil && *c.Min > *c.Max {
			return bad(key+".max", number(*c.Max), "less than min, which is "+number(*c.Min))
		}
	case "references":
		table, column, _ := strings.Cut(c.References, ".")
		if !slices.Contains(CheckTables(), table) || !isColumn(column) {
			return bad(key+".references", c.References, "not TABLE.COLUMN, such as products.product_id")
		}
	case "fresh_days":
		return checkLeast(key+".fresh_days", *c.FreshDays, 0)
	case "volume":
		return checkRange(key+".volume", *c.Volume, 0, 10)
	}
	return nil
}

// isColumn tells whether a column of the store could have this name.
func isColumn(name string) bool {
	return regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(name)
}
