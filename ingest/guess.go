package ingest

import (
	"fmt"
	"slices"
	"strings"
)

// automatic reports a kind that is to be found out.
func automatic(kind string) bool { return kind == "" || kind == "auto" }

func knownKind(kind string) error {
	if automatic(kind) {
		return nil
	}
	_, err := kindOf(kind)
	return err
}

// identify finds out what kind of file it is, which may have been said, and which
// export, and has its rows mended as that export needs.
func (f *File) identify() (kind, error) {
	name, source := f.opt.Kind, Recognise(f.Header)
	if automatic(name) {
		var why string
		var err error
		if name, source, why, err = Guess(f.Header); err != nil {
			return kind{}, err
		}
		if source == nil {
			f.Notes = append(f.Notes, why)
		}
	}
	k, err := kindOf(name)
	if err != nil {
		return k, err
	}
	f.Kind = name
	if source != nil && !source.serves(name) {
		if len(f.opt.Map) == 0 {
			return k, fmt.Errorf("this looks like the %s, a file of %s, not of %s: load it as %s, or name the columns with --map",
				source.Title, source.Kind, name, source.Kind)
		}
		source = nil
	}
	if source == nil {
		return k, nil
	}
	f.Source, f.opt, f.open = source, source.options(f.opt), source.wrap(f.open)
	f.input.reader, f.mended = source.mended(f.input.reader, f.Path, f.opt)
	f.Notes = slices.Concat(f.Notes, []string{source.recognised()}, source.Notes, f.mended.notes)
	return k, nil
}

// serves reports whether the source's mapping is of use for files of a kind: its
// own, and order lines where each row of its orders is one.
func (s *Source) serves(kind string) bool {
	return kind == s.Kind || kind == "order-lines" && s.Kind == "orders" && s.Amount != ""
}

// candidate is what speaks for a kind.
type candidate struct {
	kind     kind
	bindings []Binding
	missing  [][]string
	tells    bool
	score    int // headers that it understands
}

// Guess finds out what kind of file has a header: that of the export whose
// signature it has, else the kind that understands the most columns, all that it
// needs and one that tells it from others among them. why says so for people. When
// that names no kind, or two, the error lists the nearest and what they lack.
func Guess(header []string) (kind string, source *Source, why string, err error) {
	if s := Recognise(header); s != nil {
		return s.Kind, s, s.recognised(), nil
	}
	var all []candidate
	for _, k := range kinds() {
		bindings, _, err := recognise(k, header, nil)
		if err != nil {
			return "", nil, "", err
		}
		all = append(all, candidate{k, bindings, k.missing(bindings), k.told(bindings), len(headersOf(bindings))})
	}
	var fit []candidate
	for _, c := range all {
		if len(c.missing) == 0 && c.tells {
			fit = append(fit, c)
		}
	}
	slices.SortStableFunc(fit, func(a, b candidate) int { return b.score - a.score })
	if len(fit) == 0 || len(fit) > 1 && fit[0].score == fit[1].score && !fit[0].isOrders() {
		return "", nil, "", undecided(header, all, fit)
	}
	best := fit[0]
	var names []string
	for _, b := range best.bindings {
		names = append(names, fmt.Sprintf("%q", b.Header))
	}
	return best.kind.name, nil, fmt.Sprintf("taken for a file of %s, by its columns %s", best.kind.name, strings.Join(names, ", ")), nil
}

// isOrders reports orders with a number of their own and money, which files of
// another kind that describe customers as well do not have.
func (c candidate) isOrders() bool {
	return c.kind.name == "orders" && binds(c.bindings, "net", "gross", "line_net", "unit_price") && c.kind.told(c.bindings)
}

// told reports whether a column that is bound tells that a file is of this kind.
func (k kind) told(bindings []Binding) bool {
	tells, words := false, len(k.tellWords) == 0
	for _, b := range bindings {
		f := fold(b.Header)
		tells = tells || slices.Contains(k.tells, b.Target) && f != "id"
		words = words || slices.ContainsFunc(k.tellWords, func(w string) bool { return strings.Contains(f, w) })
	}
	return tells && words
}

// undecided is the error of a header that names no kind, or several.
func undecided(header []string, all, fit []candidate) error {
	const advice = "say which it is: clientele ingest KIND FILE, with --map TARGET=COLUMN for what is not found"
	if len(fit) > 0 {
		var names []string
		for _, c := range fit {
			if c.score == fit[0].score {
				names = append(names, c.kind.name)
			}
		}
		return fmt.Errorf("this may be a file of %s: %s", strings.Join(names, " or of "), advice)
	}
	near := slices.DeleteFunc(slices.Clone(all), func(c candidate) bool { return c.score == 0 })
	slices.SortStableFunc(near, func(a, b candidate) int {
		if d := len(a.missing) - len(b.missing); d != 0 {
			return d
		}
		return b.score - a.score
	})
	if len(near) == 0 {
		return fmt.Errorf("no column is one of any kind of file among %s; %s", quoted(header), advice)
	}
	var lack []string
	for _, c := range near[:min(3, len(near))] {
		lack = append(lack, c.lack())
	}
	return fmt.Errorf("the columns %s do not tell what kind of file this is; nearest are %s; %s", quoted(header), strings.Join(lack, "; "), advice)
}

// lack says what a header lacks to be of a kind.
func (c candidate) lack() string {
	var need []string
	for _, m := range c.missing {
		need = append(need, strings.Join(m, " or "))
	}
	if len(need) == 0 {
		need = []string{strings.Join(c.kind.tells, " or ")}
	}
	return fmt.Sprintf("%s, without a column for %s", c.kind.name, strings.Join(need, ", nor for "))
}
