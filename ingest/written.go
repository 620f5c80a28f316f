package ingest

import (
	"bytes"
	"fmt"
	"slices"
	"unicode"
)

// Amounts may be written with their currency, 12.00 USD, where no column names it.
// Then every row is of that currency, as if a column said so: two currencies are
// never added.

// written is the currency that the amounts of a file are written with; sure, when it
// is a code, a name or a sign of one currency. ¥ may be yuan or yen, and $ any dollar.
type written struct {
	by   currency
	sure bool
}

// writtenIn finds out which currency all columns of amounts that show one are
// written with; none when two show different ones.
func (e *evidence) writtenIn(cols []column) (w written) {
	for i, c := range cols {
		if !c.priced || c.currency == (currency{}) {
			continue
		}
		if w.by != (currency{}) && w.by != c.currency {
			return written{}
		}
		w.by = c.currency
		w.sure = w.sure || e.decimals[i].signs.sure(c.currency)
	}
	return w
}

// likeSign reports whether amounts in a currency may be written with the sign that
// stands for another one most often.
func likeSign(currency, by string) bool {
	switch by {
	case "CNY":
		return currency == "CNY" || currency == "JPY"
	case "USD":
		return slices.Contains([]string{"USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU", "DOP", "BND", "FJD", "JMD", "TTD", "BBD", "BSD", "BZD", "BMD", "KYD", "XCD", "NAD", "LRD"}, currency)
	case "GBP":
		return slices.Contains([]string{"GBP", "EGP", "FKP", "GIP", "SHP", "LBP", "SYP", "SDG"}, currency)
	}
	return currency == by
}

// certain reports that what stands beside an amount is no sign of several currencies.
func certain(before, after []byte) bool {
	for _, side := range [2][]byte{before, after} {
		for _, r := range string(side) {
			if unicode.IsLetter(r) || unicode.Is(unicode.Sc, r) && !bytes.ContainsRune([]byte("$¥￥£"), r) {
				return true
			}
		}
	}
	return false
}

// takeWritten makes the currency that amounts are written with that of every row. A
// sign of several currencies is taken for the reporting one where it can be that.
func (f *File) takeWritten(reporting string) {
	p := f.plan
	w := f.written
	switch {
	case w.by == (currency{}) || p.written != (currency{}) || f.opt.Map["currency"] == "-":
		return
	case !w.sure && (reporting == "" || likeSign(reporting, w.by.String())):
		return
	case !slices.ContainsFunc(targetsOf(p.kind.name), func(t target) bool { return t.name == "currency" }):
		return
	}
	p.written = w.by
	p.fields, p.tags = nil, nil
	p.layout()
	p.folded = foldOf(p.kind, p.fields)
	f.Notes = append(f.Notes, fmt.Sprintf("amounts are written in %s, and are taken for that", w.by))
}

// currency is that of amounts that no column tells the currency of, as far as known.
func (f *File) currency() string {
	switch {
	case f.plan.written != (currency{}):
		return f.plan.written.String()
	case f.opt.Fold != nil:
		return f.opt.Fold.Currency
	}
	return ""
}

// price fills the currency of every row.
func (c *converter) price() {
	out := c.new("currency")
	code := c.written.String()
	for range c.rows {
		out.Texts.AppendString(code)
	}
	c.done(out)
}
