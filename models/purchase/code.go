package purchase

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"clientele/engine/table"
	"clientele/models"
)

// Code is how a fit turned one column of Model.Categories or Model.Optional into
// covariates. It is all that scoring other customers needs.
//
// A category becomes one covariate COLUMN=VALUE of 0 and 1 for each of Values, and
// COLUMN=(other) for customers of rarer values and of none. A customer for whom all
// are 0 has the Reference, which the others are compared with. A number is the
// covariate COLUMN, 0 where it is missing, and COLUMN=(unknown), which is 1 there.
type Code struct {
	Column    string   `json:"column"`
	Reference string   `json:"reference,omitempty"` // the most frequent value of a category; empty: a number
	Values    []string `json:"values,omitempty"`
	Unit      string   `json:"unit,omitempty"`  // of a number, as its column has it
	Other     bool     `json:"other,omitempty"` // (other) or (unknown) is a covariate; else such customers are as the reference, or as 0
}

// What stands for values that have no covariate of their own.
const (
	otherValues  = "(other)"
	unknownValue = "(unknown)"
)

// A fit gives a value a covariate of its own where it is one of the mostValues most
// frequent ones, but the most frequent, and leastCustomers have it, of whom
// leastReturned bought again: of fewer, an effect says next to nothing, and one on
// leaving often has no maximum. (other) and (unknown) take as many.
const (
	mostValues     = 8
	leastCustomers = 50
	leastReturned  = 10
)

// mostProfiles is how many different combinations of coded covariates a fit takes:
// each has a likelihood and a law of its own.
const mostProfiles = 500

// names of the covariates, in order.
func (c Code) names() []string {
	var list []string
	if c.Reference == "" {
		list = append(list, c.Column)
	}
	for _, v := range c.Values {
		list = append(list, c.Column+"="+v)
	}
	if c.Other && c.Reference == "" {
		list = append(list, c.Column+"="+unknownValue)
	} else if c.Other {
		list = append(list, c.Column+"="+otherValues)
	}
	return list
}

func (c Code) kind() table.Kind {
	if c.Reference == "" {
		return table.Float
	}
	return table.Category
}

// values returns the columns of names, for the rows of in.
func (c Code) values(in *table.Table) [][]float64 {
	out := make([][]float64, len(c.names()))
	for k := range out {
		out[k] = make([]float64, in.Rows())
	}
	column := in.Column(c.Column)
	if c.Reference == "" {
		for i, v := range column.Floats {
			switch known := !math.IsNaN(v) && !math.IsInf(v, 0); {
			case known:
				out[0][i] = v
			case c.Other:
				out[1][i] = 1
			}
		}
		return out
	}
	// The covariate of each label; -1: that of nobody.
	at := make([]int, len(column.Labels))
	for k, label := range column.Labels {
		if at[k] = slices.Index(c.Values, label); at[k] < 0 && c.Other && label != c.Reference {
			at[k] = len(c.Values)
		}
	}
	for i, code := range column.Codes {
		switch {
		case code < 0 && c.Other:
			out[len(c.Values)][i] = 1
		case code >= 0 && at[code] >= 0:
			out[at[code]][i] = 1
		}
	}
	return out
}

// code is the Code that makes a covariate; ok is false for a column that is taken
// as it is.
func (m *Model) code(covariate string) (c Code, ok bool) {
	for _, c := range m.Codes {
		if slices.Contains(c.names(), covariate) {
			return c, true
		}
	}
	return c, false
}

// Covariates returns the covariates of the rows of src, those of buying, then those
// of churn, as Fitted.Law takes them: columns of src as they are, and those that
// Codes make. An error says which column is not there.
func (m *Model) Covariates(src *table.Table) ([][]float64, error) {
	spec := m.Spec()
	if err := spec.Check(src); err != nil {
		return nil, err
	}
	made := map[string][]float64{}
	var out [][]float64
	for _, name := range slices.Concat(m.Buying, m.Churn) {
		c, coded := m.code(name)
		if !coded {
			out = append(out, src.Floats(name))
			continue
		}
		if made[name] == nil {
			columns := c.values(src)
			for k, n := range c.names() {
				made[n] = columns[k]
			}
		}
		out = append(out, made[name])
	}
	return out, nil
}

// coded decides Codes from the customers of in, and puts the covariates that they
// make in the place of the columns. Where they would combine in too many ways,
// columns are left out. Models without columns to code, and those of which the Codes
// are known, are returned as they are.
func (m *Model) coded(in *table.Table) (*Model, []models.Warning, error) {
	if m.Codes != nil || len(m.Categories)+len(m.Optional) == 0 {
		return m, nil, nil
	}
	if err := m.Spec().Check(in); err != nil {
		return nil, nil, err
	}
	weights, err := m.weights(in)
	if err != nil {
		return nil, nil, err
	}
	c := *m
	c.Codes = []Code{}
	var constant []string
	for _, name := range m.covariates() {
		var code Code
		switch {
		case slices.Contains(m.Categories, name):
			code = newCode(in, in.Column(name), weights)
		case slices.Contains(m.Optional, name):
			code = Code{Column: name, Unit: in.Column(name).Unit, Other: enough(in, weights, in.Column(name).Missing)}
		default:
			continue
		}
		c.Codes = append(c.Codes, code)
		if len(code.names()) == 0 {
			constant = append(constant, name)
		}
	}
	var warnings []models.Warning
	if len(constant) > 0 {
		warnings = append(warnings, constantCovariates(constant))
	}
	if w, ok := c.limit(in); ok {
		warnings = append(warnings, w)
	}
	c.Buying, c.Churn = c.expanded(m.Buying), c.expanded(m.Churn)
	return &c, warnings, nil
}

// expanded puts the covariates in the place of coded columns.
func (m *Model) expanded(columns []string) []string {
	var out []string
	for _, name := range columns {
		i := slices.IndexFunc(m.Codes, func(c Code) bool { return c.Column == name })
		switch {
		case i >= 0:
			out = append(out, m.Codes[i].names()...)
		case !slices.Contains(m.Categories, name) && !slices.Contains(m.Optional, name):
			out = append(out, name)
		}
	}
	return out
}

// newCode lists the values of a category by how many customers with an order have
// them, and by name where as many do.
func newCode(in *table.Table, column *table.Column, weights []float64) Code {
	counts, returned := make([]float64, len(column.Labels)), make([]float64, len(column.Labels))
	r := newReader(in)
	for i, code := range column.Codes {
		if h, ok, err := r.at(i); ok && err == nil && code >= 0 {
			counts[code] += weightOf(weights, i)
			if h.X > 0 {
				returned[code] += weightOf(weights, i)
			}
		}
	}
	order := make([]int, len(counts))
	for k := range order {
		order[k] = k
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(column.Labels[a], column.Labels[b]))
	})
	c := Code{Column: column.Name, Reference: otherValues} // nobody has a value: one for all
	own := make([]bool, len(counts))
	for rank, k := range order {
		switch {
		case counts[k] == 0:
		case rank == 0:
			c.Reference, own[k] = column.Labels[k], true
		case len(c.Values) < mostValues && counts[k] >= leastCustomers && returned[k] >= leastReturned:
			c.Values, own[k] = append(c.Values, column.Labels[k]), true
		}
	}
	c.Other = slices.Contains(own, true) && enough(in, weights, func(i int) bool {
		code := column.Codes[i]
		return code < 0 || !own[code]
	})
	return c
}

// enough reports whether the rows that are of a kind are enough customers to tell an
// effect.
func enough(in *table.Table, weights []float64, of func(i int) bool) bool {
	var customers, returned float64
	r := newReader(in)
	for i := range in.Rows() {
		if h, ok, err := r.at(i); ok && err == nil && of(i) {
			customers += weightOf(weights, i)
			if h.X > 0 {
				returned += weightOf(weights, i)
			}
		}
	}
	return customers >= leastCustomers && returned >= leastReturned
}

func weightOf(weights []float64, i int) float64 {
	if weights == nil {
		return 1
	}
	return weights[i]
}

// limit leaves out coded columns until their combinations are few enough, each time
// the one without which fewest are left.
func (m *Model) limit(in *table.Table) (w models.Warning, limited bool) {
	all := profilesOf(in, m.Codes)
	n := all
	var dropped []string
	for n > mostProfiles {
		best, least := -1, 0
		for k := range m.Codes {
			if left := profilesOf(in, slices.Delete(slices.Clone(m.Codes), k, k+1)); best < 0 || left < least {
				best, least = k, left
			}
		}
		dropped = append(dropped, m.Codes[best].Column)
		m.Codes, n = slices.Delete(m.Codes, best, best+1), least
	}
	if len(dropped) == 0 {
		return w, false
	}
	list := strings.Join(dropped, ", ")
	return models.Warning{Code: "many_combinations",
		En: fmt.Sprintf("Covariates combine in %s ways, and a fit takes %d at most: left out: %s. Take it out of models.buying and models.leaving, or others in its place.", thousands(all), mostProfiles, list),
		Zh: fmt.Sprintf("协变量共有 %s 种取值组合，拟合最多接受 %d 种，已忽略：%s。请将其（或其他列）从 models.buying 和 models.leaving 中删去。", thousands(all), mostProfiles, list)}, true
}

// profilesOf counts the different combinations that customers with an order have.
func profilesOf(in *table.Table, codes []Code) int {
	var columns [][]float64
	for _, c := range codes {
		columns = append(columns, c.values(in)...)
	}
	if len(columns) == 0 {
		return 1
	}
	g := newGrouping(0, false, columns)
	r := newReader(in)
	for i := range in.Rows() {
		if _, ok, err := r.at(i); ok && err == nil {
			g.profile(i)
		}
	}
	return len(g.z)
}

func constantCovariates(names []string) models.Warning {
	list := strings.Join(names, ", ")
	return models.Warning{Code: "constant_covariate",
		En: fmt.Sprintf("Covariates that are the same for everybody were left out: %s.", list),
		Zh: fmt.Sprintf("以下协变量对所有客户取值相同，已忽略：%s。", list)}
}

// redundant tells which of the covariates from..to-1 are the same for everybody, and
// which follow from those before them: what is left of their variance once those
// are known is less than leastOwn.
func redundant(h *Histories, s scale, from, to int) (constant, dependent map[int]bool) {
	constant, dependent = map[int]bool{}, map[int]bool{}
	// Gram and Schmidt, on the columns over profiles, each weighed by its customers.
	var basis [][]float64
	for k := from; k < to; k++ {
		if !(s.deviation[k] > 0) {
			constant[k] = true
			continue
		}
		v := make([]float64, len(h.profiles))
		for i, p := range h.profiles {
			v[i] = (p.z[k] - s.mean[k]) / s.deviation[k] * math.Sqrt(p.h.Customers/h.Customers)
		}
		for _, b := range basis {
			along := dot(v, b)
			for i := range v {
				v[i] -= along * b[i]
			}
		}
		left := dot(v, v)
		if left < leastOwn {
			dependent[k] = true
			continue
		}
		for i := range v {
			v[i] /= math.Sqrt(left)
		}
		basis = append(basis, v)
	}
	return constant, dependent
}

// leastOwn is the share of a covariate's variance that must be its own: below, its
// standard error is more than ten times what it would be alone.
const leastOwn = 0.01

func dot(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}
