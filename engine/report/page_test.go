package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"clientele/engine/table"
	"clientele/queries"
)

var (
	preview = flag.String("preview", "", "folder to write the report of the made-up shop to, for looking at")
	update  = flag.Bool("update", false, "write the golden files anew")
)

func written(t testing.TB, d *Data, lang string) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, d, lang); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPreview writes the report of the made-up shop when -preview asks for it.
func TestPreview(t *testing.T) {
	if *preview == "" {
		t.Skip("no -preview folder")
	}
	m, meta := shop(t, 9000)
	for _, lang := range []string{"en", "zh"} {
		if err := os.WriteFile(filepath.Join(*preview, "report."+lang+".html"), []byte(written(t, build(t, m, meta), lang)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	meta.Models, meta.Expected = meta.Models[:1], nil
	if err := os.WriteFile(filepath.Join(*preview, "empty.en.html"), []byte(written(t, build(t, empty(t), meta), "en")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// words is what a page says: its texts, those of the wide pictures included, a
// line for each.
func words(page string) string {
	page = regexp.MustCompile(`(?s)<style>.*?</style>|<div class="narrow">.*?</div>|<desc.*?</desc>`).ReplaceAllString(page, "")
	page = regexp.MustCompile(`(?s)<rect[^>]*><title>.*?</title></rect>|<circle[^>]*><title>.*?</title></circle>`).ReplaceAllString(page, "")
	page = regexp.MustCompile(`</t[dh]><t[dh][^>]*>|</tspan><tspan[^>]*>|</dt><dd>`).ReplaceAllString(page, " | ")
	page = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, "\n")
	return strings.TrimLeft(regexp.MustCompile(`\s*\n\s*`).ReplaceAllString(page, "\n"), "\n")
}

// The golden files hold every word and number of a small shop's report.
func TestGolden(t *testing.T) {
	m, meta := shop(t, 60)
	d := build(t, m, meta)
	for _, lang := range []string{"en", "zh"} {
		got := words(written(t, d, lang))
		name := filepath.Join("testdata", "report."+lang+".txt")
		if *update {
			if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
			for i := range min(len(g), len(w)) {
				if g[i] != w[i] {
					t.Errorf("%s line %d:\ngot  %s\nwant %s", name, i+1, g[i], w[i])
					break
				}
			}
			t.Errorf("%s: %d lines, want %d (run with -update and read it)", name, len(g), len(w))
		}
	}
}

func TestSameBytes(t *testing.T) {
	m, meta := shop(t, 60)
	first, second := written(t, build(t, m, meta), "zh"), written(t, build(t, m, meta), "zh")
	if first != second {
		t.Error("the same data give two different pages")
	}
}

func TestUnknownLanguage(t *testing.T) {
	if err := HTML(&bytes.Buffer{}, &Data{}, "fr"); err == nil {
		t.Error("no error")
	}
}

func TestHTMLReportsFailure(t *testing.T) {
	if err := HTML(full{io.ErrShortWrite}, &Data{}, "en"); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("a full disk gives %v", err)
	}
}

// Names from the data are text in the page, whatever they hold.
func TestEscapes(t *testing.T) {
	const evil = `<script>alert("1")</script>`
	m, meta := shop(t, 60)
	meta.Shop, meta.Currency, meta.Version, meta.Zone, meta.Scheme = evil, evil, evil, evil, evil
	meta.Segments = []Label{{"Champions", Text{evil, evil}}}
	meta.Models[0].Method, meta.Models[0].Model, meta.Models[0].Status = evil, evil, evil
	meta.Warnings = []Warning{{evil, Text{evil, evil}}}
	m["segments"] = result(t, "segments", []any{"Champions", 1, 1, 1.0, 1.0, 1.0, 0.5, 1.0, 1.0}, []any{evil, 1, 1, 1.0, 1.0, 1.0, 0.5, 1.0, 1.0})
	m["lifecycle"] = result(t, "lifecycle", []any{evil, 1, 1, 1.0, 1.0, 1.0, 0.5, 1.0, 1.0})
	m["churn_bands"] = result(t, "churn_bands", []any{evil, 1, 1, 1.0, 1.0, 1.0, 0.5, 1.0, 1.0})
	m["quality"] = result(t, "quality", []any{evil, evil, evil, 1, 1, 1, 0, 0})
	m["rejects"] = result(t, "rejects", []any{evil, evil, evil, 1, evil, 1, evil})
	m["facts"] = result(t, "facts", []any{evil, 1, 0, 0, 0, nil, nil})
	for _, lang := range []string{"en", "zh"} {
		page := written(t, build(t, m, meta), lang)
		if strings.Contains(page, "<script") {
			t.Errorf("%s: a name became markup", lang)
		}
		if strings.Count(page, "&lt;script&gt;") < 15 {
			t.Errorf("%s: names are missing", lang)
		}
	}
}

// A page asks nothing of the network and runs nothing.
func TestSelfContained(t *testing.T) {
	m, meta := shop(t, 60)
	page := strings.ReplaceAll(written(t, build(t, m, meta), "en"), `xmlns="http://www.w3.org/2000/svg"`, "")
	for _, bad := range []string{"http:", "https:", "<script", "<link", "<img", "@import", "url("} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
}

// Without models the report says what is missing and why.
func TestMissingModels(t *testing.T) {
	m, meta := shop(t, 60)
	m["coverage"] = result(t, "coverage", []any{60, 60, 0, 0, 0, 0, 60, nil, nil, nil})
	m["churn_tenths"], m["churn_bands"], m["clv_bins"] = result(t, "churn_tenths"), result(t, "churn_bands"), result(t, "clv_bins")
	meta.Expected = nil
	meta.Models = []ModelReport{{Model: "pareto_nbd", Status: "skipped", LogLikelihood: math.NaN(),
		Warnings: []Warning{{"few_customers", Text{"Only 60 customers: 500 are needed.", "仅 60 位客户，至少需要 500 位。"}}}}}
	en, zh := words(written(t, build(t, m, meta), "en")), words(written(t, build(t, m, meta), "zh"))
	for _, want := range []string{
		"There are no lifetime values. Pareto/NBD: skipped; Only 60 customers: 500 are needed.",
		"There is no churn risk. Pareto/NBD: skipped; Only 60 customers: 500 are needed.",
		"No model of purchases, so nothing to compare with. Pareto/NBD: skipped; Only 60 customers: 500 are needed.",
		"no model, see below",
	} {
		if !strings.Contains(en, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if !strings.Contains(zh, "没有客户价值结果。Pareto/NBD：未拟合；仅 60 位客户，至少需要 500 位。") {
		t.Error("the Chinese page does not say why")
	}
}

// checkPictures parses every picture of a page and fails when a coordinate is
// no number or a label begins or ends outside.
func checkPictures(t interface {
	Helper()
	Errorf(string, ...any)
}, page string) (count int) {
	t.Helper()
	for _, svg := range regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(page, -1) {
		count++
		decoder := xml.NewDecoder(strings.NewReader(svg))
		var width, height float64
		for {
			token, err := decoder.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Errorf("picture %d: %v", count, err)
				break
			}
			e, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			at := map[string]float64{}
			for _, a := range e.Attr {
				switch a.Name.Local {
				case "viewBox":
					f := strings.Fields(a.Value)
					width, _ = strconv.ParseFloat(f[2], 64)
					height, _ = strconv.ParseFloat(f[3], 64)
				case "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height":
					v, err := strconv.ParseFloat(a.Value, 64)
					if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
						t.Errorf("picture %d: %s %s=%q", count, e.Name.Local, a.Name.Local, a.Value)
					}
					at[a.Name.Local] = v
				case "d":
					if strings.ContainsAny(a.Value, "NIae") {
						t.Errorf("picture %d: path %q", count, a.Value)
					}
				}
			}
			inside := func(x, y float64) bool { return x >= -0.5 && x <= width+0.5 && y >= -0.5 && y <= height+0.5 }
			switch e.Name.Local {
			case "text":
				if !inside(at["x"], at["y"]) {
					t.Errorf("picture %d: a text at %v, %v of %v x %v", count, at["x"], at["y"], width, height)
				}
			case "rect":
				if !inside(at["x"], at["y"]) || !inside(at["x"]+at["width"], at["y"]+at["height"]) {
					t.Errorf("picture %d: a box %v of %v x %v", count, at, width, height)
				}
			}
		}
	}
	return count
}

func TestPictures(t *testing.T) {
	m, meta := shop(t, 300)
	for _, lang := range []string{"en", "zh"} {
		if page := written(t, build(t, m, meta), lang); strings.Contains(page, "%!") || strings.Contains(page, "NaN") {
			t.Errorf("%s: a broken format or figure", lang)
		}
		// Seventeen pictures, each in two widths.
		if n := checkPictures(t, written(t, build(t, m, meta), lang)); n != 34 {
			t.Errorf("%s: %d pictures", lang, n)
		}
	}
}

func TestEmptyAndSingle(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		checkPictures(t, written(t, build(t, empty(t), Meta{}), lang))
		checkPictures(t, written(t, &Data{}, lang))
		m, meta := shop(t, 1)
		checkPictures(t, written(t, build(t, m, meta), lang))
	}
}

// wild makes a result of a query with any values at all.
func wild(r *rapid.T, t *testing.T, q queries.Query) *table.Table {
	n := rapid.IntRange(0, 25).Draw(r, q.Base())
	if len(q.Grain) == 0 {
		n = 1
	}
	number := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, -1, 0.5, 1, 80, 1e15, 1e300, -1e300, math.NaN(), math.Inf(1), math.Inf(-1)}))
	count := rapid.OneOf(rapid.IntRange(-3, 40), rapid.SampledFrom([]int{math.MaxInt64, math.MinInt64, 1e9}))
	var values [][]any
	for range n {
		var row []any
		for _, g := range q.Gives {
			if g.Name != "step" && rapid.IntRange(0, 9).Draw(r, "missing") == 0 {
				row = append(row, nil)
				continue
			}
			switch {
			case g.Name == "age" || g.Name == "tenth" || g.Name == "step":
				row = append(row, rapid.IntRange(map[string]int{"step": 1}[g.Name], 9).Draw(r, g.Name))
			case g.Type == "BIGINT":
				row = append(row, count.Draw(r, g.Name))
			case g.Type == "DOUBLE":
				row = append(row, number.Draw(r, g.Name))
			case g.Type == "DATE":
				row = append(row, int32(rapid.IntRange(int(dayOf("1995-01-01")), int(dayOf("2025-01-01"))).Draw(r, g.Name)))
			default:
				row = append(row, rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"low", "high", "clv", "net_revenue", "new", "refused"})).Draw(r, g.Name))
			}
		}
		values = append(values, row)
	}
	return result(t, q.Base(), values...)
}

// wildPast is a backtest with any figures at all.
func wildPast(r *rapid.T) Backtest {
	number := func(name string) float64 {
		return rapid.SampledFrom([]float64{0, 0.3, 1, -1, 5, 1e15, -1e300, 1e300, math.NaN(), math.Inf(1), math.Inf(-1)}).Draw(r, name)
	}
	key := rapid.SampledFrom([]string{"pareto_nbd", "naive_rate", "recency", "logistic_regression", "other", ""})
	day := func() int32 { return int32(rapid.IntRange(0, 30000).Draw(r, "day")) }
	b := Backtest{Origin: day(), Days: rapid.IntRange(0, 400).Draw(r, "days"), Customers: rapid.IntRange(0, 5000).Draw(r, "customers"),
		Every: int64(rapid.IntRange(0, 3).Draw(r, "every")), Orders: number("orders"), Spend: number("spend"), Buyers: rapid.IntRange(0, 5000).Draw(r, "buyers"),
		Level: Level{number("factor"), rapid.Bool().Draw(r, "applied")}}
	for range rapid.IntRange(0, 3).Draw(r, "forecasts") {
		b.Forecasts = append(b.Forecasts, Forecast{key.Draw(r, "name"), rapid.Bool().Draw(r, "used"), rapid.Bool().Draw(r, "rule"),
			number("orders"), number("mae"), number("inside"), number("spend"), number("inside"),
			Range{number("mean"), number("low"), number("high")}, Range{number("mean"), number("low"), number("high")}, key.Draw(r, "method")})
	}
	for range rapid.IntRange(0, 30).Draw(r, "weeks") {
		b.Weeks = append(b.Weeks, Week{day(), number("actual"), number("modelled"), rapid.Bool().Draw(r, "forecast")})
	}
	b.Buying = Buying{Origin: day(), Days: 90, Customers: rapid.IntRange(0, 9).Draw(r, "customers"), Buyers: rapid.IntRange(0, 9).Draw(r, "buyers")}
	for range rapid.IntRange(0, 4).Draw(r, "scores") {
		s := Judged{Name: key.Draw(r, "name"), Used: rapid.Bool().Draw(r, "used"), Rule: rapid.Bool().Draw(r, "rule"),
			AUC: number("auc"), Brier: number("brier"), ECE: number("ece"), Lift10: number("lift"), Capture10: number("capture")}
		for range rapid.IntRange(0, 10).Draw(r, "tenths") {
			s.Found, s.Rates = append(s.Found, number("found")), append(s.Rates, number("rate"))
			s.Stated = append(s.Stated, Stated{number("p"), number("rate"), number("low"), number("high"), 3})
		}
		b.Buying.Scores = append(b.Buying.Scores, s)
	}
	if rapid.Bool().Draw(r, "contested") {
		b.Buying.Contests = []Contest{{"other", "recency", true, Range{number("mean"), number("low"), number("high")}}}
		b.Choice = &ModelChoice{Candidates: []Candidate{{"other", "x", number("log"), number("surprise"), Range{}, number("bias"), number("mae")}}}
	}
	return b
}

// Whatever the queries give, building and writing end without a panic, and
// the pictures stay pictures.
func TestWild(t *testing.T) {
	drawn := 0
	rapid.Check(t, func(r *rapid.T) {
		m := map[string]*table.Table{}
		for _, q := range queries.List("report") {
			m[q.Base()] = wild(r, t, q)
		}
		meta := shopMeta()
		meta.Past = wildPast(r)
		meta.AsOf = int32(rapid.IntRange(int(dayOf("1990-01-01")), int(dayOf("2030-01-01"))).Draw(r, "as of"))
		for range rapid.IntRange(0, 3).Draw(r, "periods") {
			meta.Expected = append(meta.Expected, Expected{int32(rapid.IntRange(0, 30000).Draw(r, "from")), rapid.Float64().Draw(r, "expected")})
		}
		d, err := Build(m, meta)
		if err != nil {
			return // a result that cannot be, said so
		}
		var b bytes.Buffer
		if err := HTML(&b, d, rapid.SampledFrom([]string{"en", "zh"}).Draw(r, "lang")); err != nil {
			r.Fatal(err)
		}
		drawn += checkPictures(r, b.String())
	})
	if drawn < 100 {
		t.Errorf("only %d pictures drawn: the results are too wild to test anything", drawn)
	}
}

func BenchmarkHTML(b *testing.B) {
	m, meta := shop(b, 2000)
	d := build(b, m, meta)
	for b.Loop() {
		if err := HTML(io.Discard, d, "en"); err != nil {
			b.Fatal(err)
		}
	}
}
