package ingest

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// A column of nested data has a path for a name: payment.total.value. The words on
// the way that only say where something is kept can be left out; others, as in
// shipping.amount or seller.email, say what it is.

// wrappers keep anything.
func wrappers() []string {
	return []string{"data", "attributes", "fields", "detail", "details", "info", "summary", "profile", "payload", "properties", "record", "object", "body"}
}

// ledgers keep what an order is worth, when it was made and how it stands.
func ledgers() []string {
	return []string{"order", "payment", "payments", "total", "totals", "amount", "amounts", "price", "prices", "pricing", "money", "cart", "checkout", "invoice", "transaction", "sale", "purchase", "dates", "timestamps",
		"订单", "支付", "付款", "金额", "合计", "总计"}
}

// persons keep what is known of the customer.
func persons() []string {
	return []string{"customer", "buyer", "user", "client", "member", "contact", "contacts", "address", "addresses", "客户", "买家", "会员", "用户", "地址"}
}

// leavesOut are the words that may be left out on the way to the values of a target.
func (t target) leavesOut() []string {
	switch t.typ {
	case typeMoney, typeInstant, typeStatus, typeCurrency:
		return slices.Concat(wrappers(), ledgers())
	}
	switch t.name {
	case "email", "phone", "name", "first_name", "last_name", "address", "country", "region", "city", "postcode", "gender", "birth_date", "email_consent", "sms_consent":
		return slices.Concat(wrappers(), persons())
	}
	return wrappers()
}

const (
	maxPath  = 6   // words of a path that are looked at: each subset of them is a name
	maxPaths = 500 // paths of a file that are looked at
)

// shortened are the folded names that a path may stand for when words on its way are
// left out, those that leave out the fewest first. The value of an amount is the
// amount: total.value is total.
func (t target) shortened(path string) []string {
	parts := strings.Split(path, ".")
	if len(parts) < 2 || len(parts) > maxPath {
		return nil
	}
	words, free := t.leavesOut(), uint(0)
	for i, p := range parts {
		parts[i] = fold(p)
		if parts[i] == "" {
			return nil
		}
		if i < len(parts)-1 && slices.Contains(words, parts[i]) {
			free |= 1 << i
		}
	}
	var masks []uint
	for m := uint(0); m <= free; m++ {
		if m&^free == 0 {
			masks = append(masks, m)
		}
	}
	slices.SortStableFunc(masks, func(a, b uint) int { return bits.OnesCount(a) - bits.OnesCount(b) })
	var names []string
	for _, m := range masks {
		var left []string
		for i, p := range parts {
			if m&(1<<i) == 0 {
				left = append(left, p)
			}
		}
		names = append(names, strings.Join(left, ""))
		if last := len(left) - 1; t.typ == typeMoney && last > 0 && (left[last] == "value" || left[last] == "amount") {
			names = append(names, strings.Join(left[:last], ""))
		}
	}
	return names
}

// byPath binds what no whole name told by the words of paths that matter. Of several
// columns it takes that whose name comes first in the target's list, and says so.
func (w *binder) byPath(targets []target) (notes []string) {
	var paths []int
	for i, h := range w.header {
		if strings.Contains(h, ".") && len(paths) < maxPaths {
			paths = append(paths, i)
		}
	}
	for _, t := range targets {
		if w.done[t.name] || t.name == "member_id" {
			continue
		}
		best, rank := -1, len(t.names)
		var others []int
		for _, i := range paths {
			r := len(t.names)
			if !w.used[i] {
				r = t.rank(w.header[i])
			}
			switch {
			case r < rank:
				if best >= 0 {
					others = append(others, best)
				}
				best, rank = i, r
			case r < len(t.names):
				others = append(others, i)
			}
		}
		if best < 0 {
			continue
		}
		notes = append(notes, fmt.Sprintf("%s is read from column %q, by the words of its path", t.name, w.header[best]))
		w.rivals[len(w.bindings)] = others
		w.add(t.name, best, "name")
	}
	return notes
}

// rank is the place in the target's list of the name that a path stands for, the
// length of the list when it stands for none.
func (t target) rank(path string) int {
	for _, name := range t.shortened(path) {
		if at := slices.Index(t.names, name); at >= 0 {
			return at
		}
	}
	return len(t.names)
}
