package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/models/clv"
	"clientele/models/gammagamma"
	"clientele/models/purchase"
)

// ScoreFile scores the customers of a table that others made, by the saved models of
// the configuration: a CSV or Parquet file with the columns x, t_x and T (purchase
// days after the first, days from the first to the last and to the as-of day) and,
// where a model of spend is named, repeat_spend, which may be empty where x is 0 (or
// net_sales, where the first purchase counts). Its other columns are handed through.
// The order of rows stays.
func (e *Engine) ScoreFile(ctx context.Context, path string) (*table.Table, error) {
	z, err := e.frozenModels("")
	if err != nil {
		return nil, err
	}
	if z.family() == nil {
		return nil, errors.New("no saved purchase model is named, such as model.pareto_nbd.json of a run")
	}
	f, err := z.forecasting(purchaseModel(e.Config, z.family(), 0))
	if err != nil {
		return nil, err
	}
	if len(attributes(e.Config.Models)) > 0 {
		return nil, errors.New("the models have covariates or groups (models.buying, leaving or by): they score a workspace, and no file of histories alone")
	}
	spend := ""
	if z.spend != nil {
		if spend = "repeat_spend"; z.spend.IncludeFirst() {
			spend = "net_sales"
		}
	}
	in, others, err := e.histories(ctx, path, spend)
	if err != nil {
		return nil, err
	}
	workers := e.Config.Resources.Cores()
	if err := score(ctx, f.Model().Spec(), f, in, workers); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	out := table.New(slices.Concat(others, columnsNamed(in, "x", "t_x", "T", "p_alive", "expected_orders", "no_purchase"))...)
	if z.spend == nil {
		return out, nil
	}
	if err := score(ctx, (&gammagamma.Model{IncludeFirst: z.spend.IncludeFirst()}).Spec(), z.spend, in, workers); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	value := &clv.Model{Margin: e.Config.Margin}
	fitted, err := value.Fit(ctx, in)
	if err != nil {
		return nil, err
	}
	if err := score(ctx, value.Spec(), fitted, in, workers); err != nil {
		return nil, err
	}
	for _, c := range columnsNamed(in, "expected_spend", "clv") {
		out.Add(c)
	}
	return out, nil
}

// columnsNamed are some of a table's columns.
func columnsNamed(t *table.Table, names ...string) []*table.Column {
	var out []*table.Column
	for _, name := range names {
		out = append(out, t.Column(name))
	}
	return out
}

// histories reads the columns of the models from a file, and the others as texts.
func (e *Engine) histories(ctx context.Context, path, spend string) (in *table.Table, others []*table.Column, err error) {
	if _, err := os.Stat(path); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, underlying(err))
	}
	source := "read_csv(" + duck.Literal(path) + ", all_varchar=true, header=true)"
	if strings.EqualFold(filepath.Ext(path), ".parquet") {
		source = "read_parquet(" + duck.Literal(path) + ")"
	}
	var t *table.Table
	err = e.apart(ctx, func(db *duck.DB) error {
		t, err = db.Query(ctx, "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM "+source)
		return err
	}, path)
	if err != nil {
		if ended(ctx) != nil {
			return nil, nil, err
		}
		return nil, nil, fmt.Errorf("%s: neither a CSV file of UTF-8 text with a header nor a Parquet file", path)
	}
	n := t.Rows()
	in = table.New()
	for _, name := range []string{"x", "t_x", "T"} {
		c := table.NewColumn(table.Field{Name: name, Kind: table.Int}, n)
		err := parse(t, path, name, nil, func(i int, v float64) error {
			c.Ints[i] = int64(v)
			if v != math.Trunc(v) || math.Abs(v) > 1e6 {
				return errors.New("not a whole number: x counts purchase days, t_x and T are days, and weeks are times 7")
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
		in.Add(c)
	}
	for i := range n {
		if x, tx, t := in.Ints("x")[i], in.Ints("t_x")[i], in.Ints("T")[i]; x < 0 || x > tx || (x == 0) != (tx == 0) || tx > t || t > purchase.MostDays {
			return nil, nil, fmt.Errorf("%s: row %d: x %d, t_x %d, T %d is no purchase history", path, i+1, x, tx, t)
		}
	}
	last := table.NewColumn(table.Field{Name: "last_day", Kind: table.Int}, n)
	last.Null = slices.Repeat([]bool{true}, n)
	in.Add(last)
	if spend != "" {
		c := table.NewColumn(table.Field{Name: spend, Kind: table.Float}, n)
		blank := func(i int) bool { return spend == "repeat_spend" && in.Ints("x")[i] == 0 } // no repeat, no spend on it
		if err := parse(t, path, spend, blank, func(i int, v float64) error { c.Floats[i] = v; return nil }); err != nil {
			return nil, nil, err
		}
		in.Add(c)
	}
	for _, c := range t.Columns() {
		if in.Lookup(c.Name) == nil {
			others = append(others, c)
		}
	}
	return in, others, nil
}

// parse reads a column of texts as numbers; every row must have one, but those that may
// be blank, which are left as they are.
func parse(t *table.Table, path, name string, blank func(i int) bool, set func(i int, v float64) error) error {
	c := t.Lookup(name)
	if c == nil {
		return fmt.Errorf("%s: no column %s among %s", path, name, columnNames(t))
	}
	for i := range t.Rows() {
		text := strings.TrimSpace(textAt(c, i))
		if text == "" && blank != nil && blank(i) {
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%s: row %d: column %s: %q: not a number", path, i+1, name, text)
		}
		if err := set(i, v); err != nil {
			return fmt.Errorf("%s: row %d: column %s: %q: %w", path, i+1, name, text, err)
		}
	}
	return nil
}

// columnNames lists the columns of a table, or the first of many.
func columnNames(t *table.Table) string {
	var out []string
	for i, c := range t.Columns() {
		if i == 10 {
			out = append(out, "...")
			break
		}
		out = append(out, c.Name)
	}
	return strings.Join(out, ", ")
}
