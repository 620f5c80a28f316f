package ingest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// recognise binds the headers of a file that is no known export.
func recognise(k kind, header []string, mapping map[string]string) (bindings []Binding, notes []string, err error) {
	return bind(k, header, mapping, nil)
}

// bind binds the headers of a file to the canonical columns of a kind: first what
// the mapping says, then what the source knows, then by name. A header feeds one
// target (a mapping or a source may use one twice), a target takes the best of its
// names.
func bind(k kind, header []string, mapping map[string]string, source *Source) (bindings []Binding, notes []string, err error) {
	targets := targetsOf(k.name)
	w := binder{header: header, used: make([]bool, len(header)), done: map[string]bool{}, rivals: map[int][]int{}}
	for _, name := range slices.Sorted(maps.Keys(mapping)) {
		if err := knownTarget(k, targets, name); err != nil {
			return nil, nil, err
		}
		w.done[name] = true
		column := mapping[name]
		if column == "-" { // says that no column feeds this target
			continue
		}
		i := findHeader(header, column)
		if i < 0 {
			return nil, nil, fmt.Errorf("no column %q to map to %s; the columns are %s", column, name, quoted(header))
		}
		w.rivals[len(w.bindings)] = same(header, i)
		w.add(name, i, "map")
	}
	w.known(targets, source)
	if source == nil || !source.Only {
		w.byName(targets)
	}
	if source != nil { // what an export's columns are is no guess that people have to check
		return w.bindings, nil, nil
	}
	notes = w.byPath(targets)
	for i, b := range w.bindings {
		others := slices.DeleteFunc(w.rivals[i], func(o int) bool { return w.used[o] })
		if len(others) > 0 {
			notes = append(notes, choice(header, b, others))
		}
	}
	return w.bindings, notes, nil
}

// binder is the work of bind.
type binder struct {
	header   []string
	used     []bool
	done     map[string]bool // targets that are settled
	rivals   map[int][]int   // by number of binding: other columns it could be read from
	bindings []Binding
}

func (w *binder) add(target string, i int, how string) {
	w.used[i], w.done[target] = true, true
	w.bindings = append(w.bindings, Binding{Target: target, Header: w.header[i], Index: i, How: how})
}

// known binds what a source knows. A target whose columns the file lacks, or that
// the source says the export does not have, is settled as well.
func (w *binder) known(targets []target, source *Source) {
	if source == nil {
		return
	}
	for _, t := range targets {
		names, ok := source.Map[t.name]
		if !ok || w.done[t.name] {
			continue
		}
		w.done[t.name] = true
		for _, n := range alternatives(names) {
			if i := findHeader(w.header, n); i >= 0 {
				w.add(t.name, i, "source")
				break
			}
		}
	}
}

// byName binds what is left by the names of targets. A member number stands beside
// another customer id; alone it would be one.
func (w *binder) byName(targets []target) {
	folded := make([]string, len(w.header))
	for i, h := range w.header {
		folded[i] = fold(h)
	}
	for _, t := range targets {
		if w.done[t.name] || t.name == "member_id" && !binds(w.bindings, "customer_id") {
			continue
		}
		best, others := bestHeader(t, folded, w.used)
		if best < 0 {
			continue
		}
		w.rivals[len(w.bindings)] = others
		w.add(t.name, best, "name")
	}
}

// binds reports whether one of the targets is read from some column.
func binds(bindings []Binding, targets ...string) bool {
	return slices.ContainsFunc(bindings, func(b Binding) bool { return slices.Contains(targets, b.Target) })
}

// choice says which column feeds a target and which others, that could, do not:
// by name, and by position as well where two of them have the same name.
func choice(header []string, b Binding, others []int) string {
	columns := append([]int{b.Index}, others...)
	twice := slices.ContainsFunc(columns, func(i int) bool {
		return slices.ContainsFunc(columns, func(j int) bool { return i != j && header[i] == header[j] })
	})
	var shown []string
	for _, i := range columns {
		if twice {
			shown = append(shown, fmt.Sprintf("column %d %q", i+1, header[i]))
		} else {
			shown = append(shown, fmt.Sprintf("%q", header[i]))
		}
	}
	if !twice {
		shown[0] = "column " + shown[0]
	}
	return fmt.Sprintf("%s is read from %s, not from %s", b.Target, shown[0], strings.Join(shown[1:], ", "))
}

// same returns the other columns with the name of column i.
func same(header []string, i int) []int {
	var others []int
	for o, h := range header {
		if o != i && h == header[i] {
			others = append(others, o)
		}
	}
	return others
}

// bestHeader returns the unused header whose name comes first in the target's
// list, the leftmost of equal ones or -1, and the other unused headers with one
// of its names.
func bestHeader(t target, folded []string, used []bool) (best int, others []int) {
	best = -1
	rank := len(t.names)
	var hits []int
	for i, f := range folded {
		if used[i] || f == "" {
			continue
		}
		r := slices.Index(t.names, f)
		if u := unbracketed(f); r < 0 && u != "" {
			r = slices.Index(t.names, u)
		}
		if r < 0 {
			continue
		}
		hits = append(hits, i)
		if r < rank {
			best, rank = i, r
		}
	}
	for _, i := range hits {
		if i != best {
			others = append(others, i)
		}
	}
	return best, others
}

// findHeader finds a column by its name as it stands, else by its folded name.
func findHeader(header []string, name string) int {
	if i := slices.Index(header, name); i >= 0 {
		return i
	}
	f := fold(name)
	return slices.IndexFunc(header, func(h string) bool { return fold(h) == f })
}

const attributePrefix = "attribute."

// knownTarget says whether a mapping's target exists; when not, it suggests the
// nearest and lists all.
func knownTarget(k kind, targets []target, name string) error {
	if slices.ContainsFunc(targets, func(t target) bool { return t.name == name }) {
		return nil
	}
	if k.name == "customers" && strings.HasPrefix(name, attributePrefix) && len(name) > len(attributePrefix) {
		return nil
	}
	near, distance := "", len(name)
	names := make([]string, 0, len(targets))
	for _, t := range targets {
		names = append(names, t.name)
		if strings.HasPrefix(t.name, name+"_") {
			return fmt.Errorf("%s have no column %q; did you mean %q?", k.name, name, t.name)
		}
		if d := editDistance(name, t.name); d < distance {
			near, distance = t.name, d
		}
	}
	hint := ""
	if near != "" && distance <= max(2, len(name)/3) {
		hint = fmt.Sprintf("did you mean %q? ", near)
	}
	return fmt.Errorf("%s have no column %q; %sthe columns are %s", k.name, name, hint, strings.Join(names, ", "))
}

// editDistance is the least number of characters to insert, delete or replace.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

func quoted(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(q, ", ")
}

// missing returns the needs of a kind that no binding meets.
func (k kind) missing(bindings []Binding) [][]string {
	var out [][]string
	for _, need := range k.need {
		if !slices.ContainsFunc(bindings, func(b Binding) bool { return slices.Contains(need, b.Target) }) {
			out = append(out, need)
		}
	}
	return out
}

func (k kind) marked(bindings []Binding) bool {
	return len(k.marks) == 0 || slices.ContainsFunc(bindings, func(b Binding) bool { return slices.Contains(k.marks, b.Target) })
}

// buyerless reports an orders file that may do without customers: an export that
// has none, or one of which the mapping says so.
func buyerless(k kind, mapping map[string]string, source *Source) bool {
	return k.name == "orders" && (source != nil && source.NoBuyer || mapping["customer_id"] == "-")
}

// buyerless says so of a file that has no customers.
func (f *File) buyerless(k kind) []string {
	if !buyerless(k, f.opt.Map, f.Source) || binds(f.Bindings, who()...) {
		return nil
	}
	return []string{"this export has no buyer id: loaded for product and sales analysis, nobody is scored by it"}
}

// amountOf is what an amount in a row of a source is of, as long as the amount is
// read from the column that the source means.
func amountOf(s *Source, bindings []Binding) string {
	if s == nil {
		return ""
	}
	for _, b := range bindings {
		if (b.Target == "net" || b.Target == "line_net") && b.How == "map" {
			return ""
		}
	}
	return s.Amount
}

// check refuses a file that lacks columns its kind needs, or that is plainly a
// file of another kind. A mapping or a source says that it is known what the file
// is: then only lacking columns are refused.
func check(k kind, header []string, bindings []Binding, opt Options, source *Source) error {
	mapping, say := opt.Map, opt.advice()
	lacking := k.missing(bindings)
	if buyerless(k, mapping, source) {
		lacking = slices.DeleteFunc(lacking, func(need []string) bool { return slices.Equal(need, who()) })
	}
	other := ""
	if len(mapping) == 0 && source == nil {
		other = likelier(k, header, bindings, len(lacking) > 0)
	}
	if len(lacking) == 0 {
		if other == "" {
			return nil
		}
		return fmt.Errorf("this looks like a file of %s, not of %s: load it as %s, or name the columns with %s", other, k.name, other, say.mapped("COLUMN", "TARGET")+say.where())
	}
	var need, targets []string
	nobody := false
	for _, l := range lacking {
		need = append(need, strings.Join(l, " or "))
		targets = append(targets, l[0])
		nobody = nobody || k.name == "orders" && slices.Equal(l, who())
	}
	how := "name it with " + say.mapped("COLUMN", targets...) + say.where()
	if nobody {
		how += "; with " + say.mapped(`-`, "customer_id") + " it is loaded without customers"
	}
	if other != "" {
		how = fmt.Sprintf("this looks like a file of %s: load it as %s, or %s", other, other, how)
	}
	return fmt.Errorf("no column for %s among %s; %s", strings.Join(need, ", nor for "), quoted(header), how)
}

// likelier names the kind that a file plainly is instead of k, or "". Another
// kind must find all it needs, one of its marks and a column that tells of it. When
// k lacks a column, it must also recognise as many columns as k, and two at least;
// otherwise it must recognise two that k does not, and three for each that only k
// does.
func likelier(k kind, header []string, bindings []Binding, lacking bool) string {
	mine := headersOf(bindings)
	best, most := "", -1
	for _, other := range kinds() {
		if other.name == k.name || k.name == "order-lines" && other.name == "orders" && !lacking {
			continue // lines are often exported with their order's columns
		}
		theirs, _, err := recognise(other, header, nil)
		if err != nil || len(other.missing(theirs)) > 0 || !other.marked(theirs) || !other.told(theirs) {
			continue
		}
		their := headersOf(theirs)
		only, lost := 0, 0
		for h := range their {
			if !mine[h] {
				only++
			}
		}
		for h := range mine {
			if !their[h] {
				lost++
			}
		}
		if lacking && (only < lost || len(their) < 2) || !lacking && (only < 2 || only < 3*lost) {
			continue
		}
		if only-lost > most {
			best, most = other.name, only-lost
		}
	}
	return best
}

func headersOf(bindings []Binding) map[int]bool {
	set := make(map[int]bool, len(bindings))
	for _, b := range bindings {
		set[b.Index] = true
	}
	return set
}
