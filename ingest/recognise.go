package ingest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// recognise binds the headers of a file to the canonical columns of a kind:
// first what the mapping says, then by name. A header feeds one target (a
// mapping may use one twice), a target takes the best of its names.
func recognise(k kind, header []string, mapping map[string]string) (bindings []Binding, notes []string, err error) {
	targets := targetsOf(k.name)
	used := make([]bool, len(header))
	done := map[string]bool{}
	rivals := map[int][]int{} // by number of binding: other columns it could be read from
	for _, name := range slices.Sorted(maps.Keys(mapping)) {
		if err := knownTarget(k, targets, name); err != nil {
			return nil, nil, err
		}
		done[name] = true
		column := mapping[name]
		if column == "-" { // says that no column feeds this target
			continue
		}
		i := findHeader(header, column)
		if i < 0 {
			return nil, nil, fmt.Errorf("no column %q to map to %s; the columns are %s", column, name, quoted(header))
		}
		used[i] = true
		rivals[len(bindings)] = same(header, i)
		bindings = append(bindings, Binding{Target: name, Header: header[i], Index: i, How: "map"})
	}
	folded := make([]string, len(header))
	for i, h := range header {
		folded[i] = fold(h)
	}
	for _, t := range targets {
		if done[t.name] {
			continue
		}
		best, others := bestHeader(t, folded, used)
		if best < 0 {
			continue
		}
		used[best] = true
		rivals[len(bindings)] = others
		bindings = append(bindings, Binding{Target: t.name, Header: header[best], Index: best, How: "name"})
	}
	for i, b := range bindings {
		others := slices.DeleteFunc(rivals[i], func(o int) bool { return used[o] })
		if len(others) > 0 {
			notes = append(notes, choice(header, b, others))
		}
	}
	return bindings, notes, nil
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

// check refuses a file that lacks columns its kind needs, or that is plainly a
// file of another kind. A mapping says that the user knows the file: then only
// lacking columns are refused.
func check(k kind, header []string, bindings []Binding, mapping map[string]string) error {
	lacking := k.missing(bindings)
	other := ""
	if len(mapping) == 0 {
		other = likelier(k, header, bindings, len(lacking) > 0)
	}
	if len(lacking) == 0 {
		if other == "" {
			return nil
		}
		return fmt.Errorf("this looks like a file of %s, not of %s: load it as %s, or name the columns with --map", other, k.name, other)
	}
	var need, how []string
	for _, l := range lacking {
		need = append(need, strings.Join(l, " or "))
		how = append(how, l[0]+"=COLUMN")
	}
	advice := "name it with --map " + strings.Join(how, ",")
	if other != "" {
		advice = fmt.Sprintf("this looks like a file of %s: load it as %s, or %s", other, other, advice)
	}
	return fmt.Errorf("no column for %s among %s; %s", strings.Join(need, ", nor for "), quoted(header), advice)
}

// likelier names the kind that a file plainly is instead of k, or "". Another
// kind must find all it needs and one of its marks. When k lacks a column, it must also recognise as
// many columns as k, and two at least; otherwise it must recognise two that k
// does not, and three for each that only k does.
func likelier(k kind, header []string, bindings []Binding, lacking bool) string {
	mine := headersOf(bindings)
	best, most := "", -1
	for _, other := range kinds() {
		if other.name == k.name || k.name == "order-lines" && other.name == "orders" && !lacking {
			continue // lines are often exported with their order's columns
		}
		theirs, _, err := recognise(other, header, nil)
		if err != nil || len(other.missing(theirs)) > 0 || !other.marked(theirs) {
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
