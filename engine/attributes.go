package engine

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/models/gammagamma"
	"clientele/models/groups"
	"clientele/models/purchase"
	"clientele/queries"
)

// Groups is what follows the name of a model, and a slash, where its fits by group are
// set beside the one of all customers. Other words there are names of groups.
const Groups = groups.Together

// Columns of a summary that are no column of customers as they are.
const (
	cohortColumn = "cohort" // year of the first purchase
	ageColumn    = "age"    // years as of the day
)

// attributes are the columns of customers that the models of a configuration read.
func attributes(m config.Models) []string {
	var out []string
	for _, name := range slices.Concat([]string{m.By}, m.Buying, m.Leaving) {
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// addAttributes adds to a summary what the models read of customers beside their
// purchases, as it was known on the day of bounds.
func addAttributes(ctx context.Context, db *duck.DB, m config.Models, t *table.Table) error {
	names := attributes(m)
	if slices.Contains(names, cohortColumn) {
		t.Add(cohorts(t))
		names = slices.DeleteFunc(names, func(n string) bool { return n == cohortColumn })
	}
	if len(names) == 0 {
		return nil
	}
	known, err := db.Query(ctx, queries.Get("summary/attributes").SQL)
	if err != nil {
		return fmt.Errorf("attributes: %w", err)
	}
	row := make(map[int64]int, known.Rows())
	for i, person := range known.Ints("person") {
		row[person] = i
	}
	at := make([]int, t.Rows())
	for i, person := range t.Ints("person") {
		var ok bool
		if at[i], ok = row[person]; !ok {
			at[i] = -1
		}
	}
	for _, name := range names {
		if name == ageColumn {
			t.Add(ages(known.Column("age_days"), at))
			continue
		}
		t.Add(categories(known.Column(name), at))
	}
	return nil
}

// cohorts is the year of the first purchase.
func cohorts(t *table.Table) *table.Column {
	first := t.Column("first_day")
	years := make([]int, t.Rows())
	var list []int
	for i := range years {
		if first.Missing(i) {
			continue
		}
		years[i] = Day(first.Int(i)).Time().Year()
		if at, known := slices.BinarySearch(list, years[i]); !known {
			list = slices.Insert(list, at, years[i])
		}
	}
	c := table.NewColumn(table.Field{Name: cohortColumn, Kind: table.Category}, t.Rows())
	for _, y := range list {
		c.Labels = append(c.Labels, strconv.Itoa(y))
	}
	for i := range c.Codes {
		c.Codes[i] = -1
		if !first.Missing(i) {
			at, _ := slices.BinarySearch(list, years[i])
			c.Codes[i] = int32(at)
		}
	}
	return c
}

// categories are the texts of rows at, -1 for none, as a category. Labels are in the
// order of their text, whatever that of the rows.
func categories(texts *table.Column, at []int) *table.Column {
	codes := map[string]int32{}
	c := table.NewColumn(table.Field{Name: texts.Name, Kind: table.Category}, len(at))
	for _, i := range at {
		if i >= 0 && !texts.Missing(i) {
			codes[string(texts.Texts.At(i))] = 0
		}
	}
	for label := range codes {
		c.Labels = append(c.Labels, label)
	}
	slices.Sort(c.Labels)
	for k, label := range c.Labels {
		codes[label] = int32(k)
	}
	for k, i := range at {
		c.Codes[k] = -1
		if i >= 0 && !texts.Missing(i) {
			c.Codes[k] = codes[string(texts.Texts.At(i))]
		}
	}
	return c
}

// oldest is an age in years beyond which a date of birth is none.
const oldest = 110

// ages are in decades above 40 years, in steps of half a decade: few different values
// share what a model works out for each.
func ages(days *table.Column, at []int) *table.Column {
	c := table.NewColumn(table.Field{Name: ageColumn, Kind: table.Float, Unit: purchase.Decades}, len(at))
	for k, i := range at {
		c.Floats[k] = math.NaN()
		if i < 0 || days.Missing(i) {
			continue
		}
		if years := float64(days.Ints[i]) / 365.25; years >= 0 && years <= oldest {
			c.Floats[k] = (math.Floor(years/5)*5 + 2.5 - 40) / 10
		}
	}
	return c
}

// covariates tells a purchase model which columns tell customers apart.
func covariates(m *purchase.Model, cfg config.Models) {
	m.By, m.Buying, m.Churn = cfg.By, cfg.Buying, cfg.Leaving
	for _, name := range attributes(config.Models{Buying: cfg.Buying, Leaving: cfg.Leaving}) {
		if name == ageColumn {
			m.Optional = append(m.Optional, name)
		} else {
			m.Categories = append(m.Categories, name)
		}
	}
}

// spendModel is the estimator of spend.
func spendModel(cfg config.Config) *gammagamma.Model {
	return &gammagamma.Model{IncludeFirst: cfg.Models.FirstSpend, MinRepeaters: cfg.Models.MinRepeaters, By: cfg.Models.By, Workers: cfg.Resources.Cores()}
}

// plainPrefix names a model without the groups and covariates of the configuration.
const plainPrefix = "plain_"

// addPlain sets the model as it is without groups and covariates beside the one with
// them, where there are any: do they earn their place?
func (p *past) addPlain(o *origin, f purchase.Family) error {
	if len(attributes(p.Config.Models)) == 0 {
		return nil
	}
	e := *p.Engine
	e.Config.Models.By, e.Config.Models.Buying, e.Config.Models.Leaving = "", nil, nil
	q := *p
	q.Engine = &e
	_, err := q.another(o, f, plainPrefix)
	return err
}

// addPlain lists that model below the candidates, of which it is none.
func (c *Choice) addPlain(origins []*origin, f purchase.Family) {
	name := plainPrefix + f.Name()
	if origins[0].get(name) == nil {
		return
	}
	a := candidateOf(origins, name)
	best := slices.IndexFunc(c.Candidates, func(b Candidate) bool { return b.Worse == 0 })
	if best >= 0 {
		a.Worse, a.WorseLow, a.WorseHigh = worse(origins, name, c.Candidates[best].Name)
	}
	c.Candidates = append(c.Candidates, a)
}
