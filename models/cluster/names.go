package cluster

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What makes a trait worth a name, in standard deviations of the feature between a
// cluster's mean and that of everybody else.
const (
	someDifference = 0.3
	bigDifference  = 0.8 // a third trait is named from here on
)

// difference is how far a cluster's mean of one feature lies from that of the rest.
type difference struct {
	feature int
	by      float64 // standard deviations
}

// differences are those of a cluster, the strongest first: center is its mean in
// standard deviations from the mean of all, of whom it has a share.
func differences(center []float64, share float64) []difference {
	var out []difference
	for k, v := range center {
		if by := v / (1 - share); math.Abs(by) >= someDifference {
			out = append(out, difference{k, by})
		}
	}
	slices.SortStableFunc(out, func(a, b difference) int { return cmp.Compare(math.Abs(b.by), math.Abs(a.by)) })
	return out
}

// telling are the two or three differences that a name is made of.
func telling(list []difference) int {
	if len(list) > 2 && math.Abs(list[2].by) >= bigDifference {
		return 3
	}
	return min(len(list), 2)
}

// naming is a cluster that is being named.
type naming struct {
	at     int // among the clusters
	traits []difference
	used   int
	strong bool // the leading trait in its stronger word
	number int  // behind the name; 0: none
}

// text is the name.
func (n *naming) text(list []feature) words {
	var en, zh []string
	for i, t := range n.traits[:n.used] {
		w := list[t.feature].low
		if t.by > 0 {
			w = list[t.feature].high
		}
		text := w.plain
		if n.strong && i == 0 {
			text = w.strong
		}
		if !slices.Contains(en, text.En) { // recency_days and r_score say one thing
			en, zh = append(en, text.En), append(zh, text.Zh)
		}
	}
	out := words{"average", "中等"}
	if len(en) > 0 {
		out = words{strings.Join(en, ", "), strings.Join(zh, "·")}
	}
	first, size := utf8.DecodeRuneInString(out.En)
	out.En = string(unicode.ToUpper(first)) + out.En[size:]
	if n.number > 0 {
		out.En += fmt.Sprintf(" (%d)", n.number)
		out.Zh += fmt.Sprintf("（%d）", n.number)
	}
	return out
}

// named gives every cluster a name of its own, from what sets it apart; none is among
// taken. Clusters that would have one name get further traits where these tell them
// apart; else the one further from everybody gets the stronger word, and others a number.
func named(list []feature, clusters []Cluster, taken []words) []words {
	all := make([]*naming, len(clusters))
	for i, c := range clusters {
		all[i] = &naming{at: i, traits: differences(c.Center, c.Share)}
		all[i].used = telling(all[i].traits)
	}
	for _, group := range alike(list, all) {
		further(list, group)
	}
	for _, group := range alike(list, all) {
		slices.SortStableFunc(group, func(a, b *naming) int { return cmp.Compare(b.strength(), a.strength()) })
		group[0].strong = group[0].used > 0
	}
	for _, group := range alike(list, all) {
		for i, n := range group[1:] {
			n.number = i + 2
		}
	}
	out := make([]words, len(all))
	for i, n := range all {
		out[i] = n.text(list)
		for clash(out[i], out[:i]) || clash(out[i], taken) {
			n.number = max(n.number, 1) + 1
			out[i] = n.text(list)
		}
	}
	return out
}

func clash(name words, list []words) bool {
	return slices.ContainsFunc(list, func(w words) bool { return w.En == name.En || w.Zh == name.Zh })
}

// strength is how far a cluster is from everybody else.
func (n *naming) strength() float64 {
	sum := 0.0
	for _, t := range n.traits[:n.used] {
		sum += math.Abs(t.by)
	}
	return sum
}

// alike are the groups of clusters that have one name, in the order of their first.
func alike(list []feature, all []*naming) [][]*naming {
	var groups [][]*naming
	for i, n := range all {
		name, group := n.text(list), []*naming{n}
		if slices.ContainsFunc(all[:i], func(o *naming) bool { return o.text(list) == name }) {
			continue
		}
		for _, o := range all[i+1:] {
			if o.text(list) == name {
				group = append(group, o)
			}
		}
		if len(group) > 1 {
			groups = append(groups, group)
		}
	}
	return groups
}

// further adds traits to names that are one until they differ; where they never do,
// they stay as they were.
func further(list []feature, group []*naming) {
	was := make([]int, len(group))
	for i, n := range group {
		was[i] = n.used
	}
	for {
		grown := false
		for _, n := range group {
			if n.used < len(n.traits) {
				n.used, grown = n.used+1, true
			}
		}
		if len(alike(list, group)) == 0 {
			return
		}
		if !grown {
			break
		}
	}
	for i, n := range group {
		n.used = was[i]
	}
}

// about is one sentence on a cluster: how many, and the means that set it apart beside
// those of everybody else.
func about(list []feature, c *Cluster, rest []float64) words {
	traits := differences(c.Center, c.Share)
	percent := fmt.Sprintf("%.1f", 100*c.Share)
	if len(traits) == 0 {
		return words{percent + " % of customers, near the average in everything.", "占客户的 " + percent + "%，各项均接近平均水平。"}
	}
	var en, zh []string
	for _, t := range traits[:telling(traits)] {
		f := &list[t.feature]
		en = append(en, fmt.Sprintf("%s %s (others %s)", f.noun.En, f.text(c.Means[t.feature]), f.text(rest[t.feature])))
		zh = append(zh, fmt.Sprintf("%s %s（其余客户 %s）", f.noun.Zh, f.text(c.Means[t.feature]), f.text(rest[t.feature])))
	}
	return words{percent + " % of customers; on average " + strings.Join(en, ", ") + ".", "占客户的 " + percent + "%；平均" + strings.Join(zh, "，") + "。"}
}
