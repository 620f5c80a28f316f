package engine_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/engine"
	"clientele/engine/table"
	workspacefiles "clientele/engine/workspace"
)

// regulars writes the orders of n invented customers of 2025 and the first half of
// 2026, who buy at rates of their own and stay for some time.
func regulars(n int, seed uint64) string {
	rng := rand.New(rand.NewPCG(seed, 5))
	first := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	var b strings.Builder
	b.WriteString("customer,date,amount\n")
	for i := range n {
		rate, mean := 0.002+0.03*rng.ExpFloat64(), 20+30*rng.ExpFloat64()
		day := float64(rng.IntN(300))
		for left := day + 250*rng.ExpFloat64(); day < min(left, 545); day += 1 + rng.ExpFloat64()/rate {
			fmt.Fprintf(&b, "c%d,%s,%.2f\n", i, first.AddDate(0, 0, int(day)).Format(time.DateOnly), mean*(0.5+rng.Float64()))
		}
	}
	return b.String()
}

// regularShop is a workspace with them.
func regularShop(t testing.TB, n int, seed uint64) *engine.Engine {
	e := workspace(t)
	loadText(t, e, "orders", "orders.csv", regulars(n, seed))
	return e
}

// runDir is the folder of a run.
func runDir(e *engine.Engine, asOf string) string {
	return filepath.Join(e.Dir, "exports", "as_of="+asOf)
}

// column is one of the scores of the run of a day, by customer.
func column(t *testing.T, e *engine.Engine, asOf, name string) []float64 {
	t.Helper()
	out, err := e.Query(t.Context(), "SELECT CAST("+name+" AS DOUBLE) AS v FROM scores WHERE as_of = '"+asOf+"' ORDER BY customer_id")
	if err != nil {
		t.Fatal(err)
	}
	return out.Floats("v")
}

// Every model of a run is a small file beside it that says what it is; scoring with
// these files gives the scores that fitting gave, on the same day to the byte.
func TestSavedModels(t *testing.T) {
	t.Parallel()
	e := regularShop(t, 350, 1)
	score(t, e, "2026-05-31")
	fitted := runFile(t, e, "2026-05-31", "scores.parquet")
	for _, name := range []string{"rfm", "pareto_nbd", "gamma_gamma", "clv", "churn_risk", "churn", "lifecycle", "cluster"} {
		text := runFile(t, e, "2026-05-31", "model."+name+".json")
		var m struct {
			Format      int
			Model       string
			AsOf        string `json:"as_of"`
			Program     string
			InputHash   string `json:"input_hash"`
			Definitions string
			Units       map[string]string
			Fitted      json.RawMessage
		}
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if m.Format != 2 || m.Model != name || m.AsOf != "2026-05-31" || m.Program != "test" ||
			len(m.InputHash) != 64 || m.Definitions == "" || len(m.Units) == 0 || len(m.Fitted) < 10 || bytes.Count(text, []byte("\n")) != 1 {
			t.Errorf("%s: %s", name, text)
		}
		var doubts struct{ Warnings json.RawMessage }
		if err := json.Unmarshal(m.Fitted, &doubts); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		most := map[string]int{"churn_risk": 2600, "clv": 350, "rfm": 750, "pareto_nbd": 900, "gamma_gamma": 680, "churn": 420, "lifecycle": 520, "cluster": 3800}[name]
		if size := len(text) - len(doubts.Warnings); size > most {
			t.Errorf("%s: %d bytes without its doubts: %s", name, size, text)
		}
		seen := map[string]bool{}
		for _, n := range regexp.MustCompile(`\d+\.\d{6,}(e[-+]?\d+)?`).FindAllString(string(text), -1) {
			if seen[n] {
				t.Errorf("%s: %s stands twice in %s", name, n, text)
			}
			seen[n] = true
		}
	}
	kept := t.TempDir()
	if err := os.CopyFS(kept, os.DirFS(runDir(e, "2026-05-31"))); err != nil {
		t.Fatal(err)
	}
	e.Config.Models.Frozen = []string{kept}
	again := score(t, e, "2026-05-31")
	if !bytes.Equal(runFile(t, e, "2026-05-31", "scores.parquet"), fitted) {
		t.Error("the saved models score otherwise than the fits did")
	}
	frozen := 0
	for _, m := range again.Models {
		for _, w := range m.Warnings {
			if w.Code == "frozen" && m.Status == "fixed" && strings.Contains(w.En, "as_of=2026-05-31") && w.Zh != "" {
				frozen++
			}
		}
	}
	if frozen != 5 {
		t.Errorf("%d models say that they are frozen, want rfm, pareto_nbd, gamma_gamma, churn_risk and cluster", frozen)
	}
	// A month later: the same models, byte by byte, and so on.
	score(t, e, "2026-06-29")
	for _, name := range []string{"rfm", "pareto_nbd", "gamma_gamma", "churn_risk", "cluster"} {
		file := "model." + name + ".json"
		want, err := os.ReadFile(filepath.Join(kept, file))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(runFile(t, e, "2026-06-29", file), want) {
			t.Errorf("%s changed on its way", file)
		}
	}
	manifest := string(runFile(t, e, "2026-06-29", "manifest.json"))
	if strings.Count(manifest, `"model": `) != 5 || strings.Contains(manifest, kept) {
		t.Errorf("the manifest names models by path, or not all of them:\n%s", manifest)
	}
	// In another shop, one model alone.
	other := regularShop(t, 250, 2)
	other.Config.Models.Frozen = []string{filepath.Join(kept, "model.pareto_nbd.json")}
	var statuses []string
	for _, m := range score(t, other, "2026-06-29").Models {
		statuses = append(statuses, m.Model+" "+string(m.Status))
	}
	if !slices.Contains(statuses, "pareto_nbd fixed") || !slices.Contains(statuses, "gamma_gamma converged") {
		t.Errorf("%v", statuses)
	}
}

// A saved model that means something else here is refused in a sentence.
func TestSavedModelsElsewhere(t *testing.T) {
	t.Parallel()
	e := regularShop(t, 400, 3)
	score(t, e, "2026-05-31")
	dir := runDir(e, "2026-05-31")
	old, damaged := filepath.Join(t.TempDir(), "model.old.json"), filepath.Join(t.TempDir(), "model.damaged.json")
	for path, text := range map[string]string{
		old:     `{"format": 1, "model": "pareto_nbd", "method": "pareto_nbd", "as_of": "2025-12-31", "program": "0.9", "parameters": [], "fitted": {}}`,
		damaged: strings.Replace(string(runFile(t, e, "2026-05-31", "model.gamma_gamma.json")), `"settings"`, `"setting"`, 1),
	} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		change func()
		models []string
		want   string
	}{
		"window":      {func() { e.Config.Churn.Window = 30 }, []string{dir}, "churn_risk tells of 90 days, and here churn.window_days is 30"},
		"purchases":   {func() { e.Config.Purchases = "positive" }, []string{dir}, `with purchases "all", and here it is "positive"`},
		"first spend": {func() { e.Config.Models.FirstSpend = true }, []string{dir}, "models.first_spend false, and here it is true"},
		"covariates":  {func() { e.Config.Models.Buying = []string{"gender"} }, []string{filepath.Join(dir, "model.pareto_nbd.json")}, `models.buying "", and here it is "gender"`},
		"money":       {func() { e.Config.RFM.Monetary = "average" }, []string{filepath.Join(dir, "model.rfm.json")}, "average"},
		"settings":    {func() {}, []string{filepath.Join(dir, "model.clv.json")}, "clv has learned nothing"},
		"family":      {func() { e.Config.Models.Purchase = "mbg_nbd" }, []string{filepath.Join(dir, "model.churn_risk.json")}, "model.churn_risk.json was trained with the probabilities of pareto_nbd, and here the purchase model is mbg_nbd: set models.purchase alike, or fit anew"},
		"old layout":  {func() {}, []string{old}, "version 0.9 wrote it in layout 1, and this program reads layout 2: score its day again (clientele score --as-of 2025-12-31, where it was fitted) and name the new file"},
		"damaged":     {func() {}, []string{damaged}, "damaged, or not as this program writes it: score its day again"},
		"twice":       {func() {}, []string{dir, filepath.Join(dir, "model.pareto_nbd.json")}, "name one of them"},
		"no model":    {func() {}, []string{filepath.Join(dir, "manifest.json")}, "not a saved model"},
		"no file":     {func() {}, []string{"nowhere.json"}, "nowhere.json: no such file"},
		"no run":      {func() {}, []string{e.Dir}, "there are none"},
	} {
		before := e.Config
		c.change()
		e.Config.Models.Frozen = c.models
		_, err := e.Score(t.Context(), "2026-06-29")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		e.Config = before
	}
}

// A churn score that is the purchase model's word is saved and taken up too, by that
// model alone.
func TestSavedPurchaseRisk(t *testing.T) {
	e := regularShop(t, 250, 8)
	e.Config.Churn.Model = "purchase"
	score(t, e, "2026-05-31")
	fitted, kept := runFile(t, e, "2026-05-31", "scores.parquet"), t.TempDir()
	if err := os.CopyFS(kept, os.DirFS(runDir(e, "2026-05-31"))); err != nil {
		t.Fatal(err)
	}
	e.Config.Models.Frozen = []string{kept}
	score(t, e, "2026-05-31")
	if !bytes.Equal(runFile(t, e, "2026-05-31", "scores.parquet"), fitted) {
		t.Error("the saved models score otherwise than the fits did")
	}
	if text := string(runFile(t, e, "2026-05-31", "model.churn_risk.json")); !strings.Contains(text, `"settings":{"purchases":"all","purchase":"pareto_nbd"}`) ||
		!strings.Contains(text, `"fitted":{"method":"purchase_model","window_days":90,"status":"fixed","rows":250}`) {
		t.Error(text)
	}
	e.Config.Models.Purchase, e.Config.Models.Frozen = "mbg_nbd", []string{filepath.Join(kept, "model.churn_risk.json")}
	if _, err := e.Score(t.Context(), "2026-05-31"); err == nil || !strings.Contains(err.Error(), "was trained with the probabilities of pareto_nbd") {
		t.Errorf("with another purchase model: %v", err)
	}
}

// The level of the last closed window multiplies what is expected, and nothing else;
// a saved model keeps its level.
func TestRecalibrate(t *testing.T) {
	t.Parallel()
	e := regularShop(t, 350, 4)
	score(t, e, "2026-05-31")
	before := map[string][]float64{}
	for _, name := range []string{"expected_orders", "clv", "p_alive"} {
		before[name] = column(t, e, "2026-05-31", name)
	}
	e.Config.Models.Recalibrate = true
	parameters := map[string]float64{}
	for _, m := range score(t, e, "2026-05-31").Models {
		if m.Model == "recalibration" {
			for _, p := range m.Parameters {
				parameters[p.Name] = p.Value
			}
		}
	}
	level := parameters["factor"]
	if !(level > 0) || level == 1 || math.Abs(level*parameters["forecast"]-parameters["actual"]) > 1e-9*parameters["actual"] {
		t.Fatalf("%v", parameters)
	}
	compare := func(what string, level float64) {
		t.Helper()
		for name, was := range before {
			times := level
			if name == "p_alive" {
				times = 1
			}
			for i, v := range column(t, e, "2026-05-31", name) {
				if math.Abs(v-times*was[i]) > 1e-12*math.Abs(v) {
					t.Fatalf("%s: %s of customer %d is %v, was %v: not %v times", what, name, i, v, was[i], times)
				}
			}
		}
	}
	compare("recalibrated", level)
	if text := string(runFile(t, e, "2026-05-31", "model.recalibration.json")); !strings.Contains(text, fmt.Sprintf(`"factor":%v,`, level)) {
		t.Errorf("level %v in %s", level, text)
	}
	if low, high := column(t, e, "2026-05-31", "sum(expected_orders) OVER () - sum(expected_orders_low) OVER ()"), column(t, e, "2026-05-31", "sum(expected_orders_high) OVER () - sum(expected_orders) OVER ()"); !(low[0] > 0 && high[0] > 0) {
		t.Errorf("intervals are %v below and %v above", low[0], high[0])
	}
	kept := filepath.Join(t.TempDir(), "model.json")
	if err := os.WriteFile(kept, runFile(t, e, "2026-05-31", "model.pareto_nbd.json"), 0o666); err != nil {
		t.Fatal(err)
	}
	e.Config.Models.Recalibrate, e.Config.Models.Frozen = false, []string{kept}
	score(t, e, "2026-05-31")
	compare("frozen", level)
}

// Runs are compared by their models and by the distributions of their scores; with
// frozen models no parameter moves, and a run is stable against itself.
func TestCompareModels(t *testing.T) {
	t.Parallel()
	e := regularShop(t, 350, 5)
	if _, err := e.CompareModels(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "two runs, and here is 0") {
		t.Errorf("no run: %v", err)
	}
	for _, day := range []string{"2026-02-28", "2026-04-30", "2026-06-29"} {
		score(t, e, day)
	}
	for _, c := range []struct {
		days        []string
		before, now string
	}{
		{nil, "2026-04-30", "2026-06-29"}, {[]string{"2026-02-28"}, "2026-02-28", "2026-06-29"}, {[]string{"2026-06-29"}, "2026-04-30", "2026-06-29"},
		{[]string{"2026-04-30", "2026-02-28"}, "2026-02-28", "2026-04-30"},
	} {
		d, err := e.CompareModels(t.Context(), c.days)
		if err != nil || d.Before != c.before || d.Now != c.now {
			t.Errorf("%v: %s and %s, %v", c.days, d.Before, d.Now, err)
		}
	}
	if _, err := e.CompareModels(t.Context(), []string{"2026-01-31"}); err == nil {
		t.Error("compared a run that is not there")
	}
	d, err := e.CompareModels(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := map[string]*table.Table{}
	for _, section := range d.Sections {
		s[section.Title] = section.Table
	}
	parameters, stability, classes := s["parameters"], s["stability"], s["classes"]
	for i := range parameters.Rows() {
		model, same, other := string(parameters.Column("model").Texts.At(i)), parameters.Floats("se_same_customers")[i], parameters.Floats("se_other_customers")[i]
		if same >= other || !math.IsNaN(same) && model != "pareto_nbd" && model != "gamma_gamma" {
			t.Errorf("%s: a standard error of %v, and %v without a common customer", model, same, other)
		}
	}
	if s["fits"].Lookup("loglik_per_row") != nil {
		t.Error("log-likelihoods of two days are set beside each other")
	}
	likelihood := s["likelihood"]
	if likelihood.Rows() != 2 {
		t.Fatalf("%d models are compared on the same customers, want those of buying and of spend", likelihood.Rows())
	}
	models, err := e.FittedModels(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		name := string(likelihood.Column("model").Texts.At(i))
		was, is := likelihood.Floats("log_likelihood_before")[i], likelihood.Floats("log_likelihood")[i]
		k := rowOf(models[0].Table, name)
		// The newer model on the customers that it was fitted to is the fit.
		if want := models[0].Table.Floats("log_likelihood")[k]; math.Abs(is-want) > 1e-9*math.Abs(want) || !(was <= is+1e-6) || likelihood.Ints("customers")[i] != models[0].Table.Ints("rows")[k] {
			t.Errorf("%s: %v of %d customers, fitted %v; the older model %v", name, is, likelihood.Ints("customers")[i], want, was)
		}
	}
	if len(d.Notes) != 2 || d.Notes[0].Code != "likelihood_now" || !strings.Contains(d.Notes[0].En, "2026-06-29") || d.Notes[1].Zh == "" {
		t.Errorf("%+v", d.Notes)
	}
	if stability.Rows() != 9 || !(s["fits"].Rows() >= 7) {
		t.Errorf("%d columns, %d fits", stability.Rows(), s["fits"].Rows())
	}
	// The index by hand from the classes that are told.
	for i := range stability.Rows() {
		name, want := string(stability.Column("column").Texts.At(i)), 0.0
		for k := range classes.Rows() {
			if string(classes.Column("column").Texts.At(k)) != name {
				continue
			}
			was := max(float64(classes.Ints("customers_before")[k]), .5) / float64(stability.Ints("customers_before")[i])
			is := max(float64(classes.Ints("customers")[k]), .5) / float64(stability.Ints("customers")[i])
			want += (is - was) * math.Log(is/was)
		}
		if got := stability.Floats("psi")[i]; math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: psi %v, want %v", name, got, want)
		}
	}
}

// rowOf is the row of a table of models that has a name.
func rowOf(t *table.Table, model string) int {
	for i := range t.Rows() {
		if string(t.Column("model").Texts.At(i)) == model {
			return i
		}
	}
	return -1
}

// Models that are handed on are the same, and say so; where a run has saved none that
// this program reads, there is nothing to compare, in a sentence.
func TestCompareFrozenModels(t *testing.T) {
	e := regularShop(t, 350, 7)
	score(t, e, "2026-05-31")
	e.Config.Models.Frozen = []string{runDir(e, "2026-05-31")}
	score(t, e, "2026-06-29")
	compared := func() (map[string]*table.Table, []string) {
		d, err := e.CompareModels(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var notes []string
		for _, n := range d.Notes {
			notes = append(notes, n.Code)
		}
		sections := map[string]*table.Table{}
		for _, s := range d.Sections {
			sections[s.Title] = s.Table
		}
		return sections, notes
	}
	s, _ := compared()
	l := s["likelihood"]
	if l.Rows() != 2 || l.Floats("gain")[0] != 0 || string(l.Column("reading").Texts.At(1)) != "the same model" || string(l.Column("reading_zh").Texts.At(1)) != "同一模型" {
		t.Errorf("%v rows, %v", l.Rows(), l.Floats("gain"))
	}
	fits := s["fits"]
	if k := rowOf(fits, "pareto_nbd"); string(fits.Column("fitted").Texts.At(k)) != "2026-05-31" {
		t.Errorf("fitted as of %s", fits.Column("fitted").Texts.At(k))
	}
	e.Config.Purchases = "positive" // neither model is of these purchases
	if s, notes := compared(); s["likelihood"].Rows() != 0 || notes[0] != "likelihood_absent" {
		t.Errorf("under other settings: %v", notes)
	}
	e.Config.Purchases = "all"
	publishedAs(t, runDir(e, "2026-05-31"), "model.pareto_nbd.json", `{"format": 1, "model": "pareto_nbd", "as_of": "2026-05-31", "fitted": {}}`)
	if s, notes := compared(); s["likelihood"].Rows() != 0 || notes[0] != "likelihood_unread" {
		t.Errorf("an older layout: %v", notes)
	}
	if list, err := e.FittedModels(t.Context(), "2026-05-31"); err != nil || rowOf(list[0].Table, "pareto_nbd") < 0 {
		t.Errorf("a run of an older layout is not listed: %v", err)
	}
}

// publishedAs makes a run one that was published with another text in a file.
func publishedAs(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, workspacefiles.ManifestName)
	var m workspacefiles.Manifest
	if err := json.Unmarshal([]byte(content(t, path)), &m); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(m.Files, func(f workspacefiles.File) bool { return f.Name == name })
	m.Files[i].SHA256, m.Files[i].Bytes = fmt.Sprintf("%x", sha256.Sum256([]byte(text))), int64(len(text))
	written, err := json.Marshal(m)
	if err := errors.Join(err, os.WriteFile(path, written, 0o666), os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666)); err != nil {
		t.Fatal(err)
	}
	was, err := os.Readlink(dir) // runs are named by their manifests
	if err != nil {
		t.Fatal(err)
	}
	named := was[:strings.LastIndex(was, "-")+1] + fmt.Sprintf("%x", sha256.Sum256(written))[:16]
	exports := filepath.Dir(dir)
	if err := errors.Join(os.Rename(filepath.Join(exports, was), filepath.Join(exports, named)), os.Remove(dir), os.Symlink(named, dir)); err != nil {
		t.Fatal(err)
	}
}

// A table of histories is scored as the workspace that they come from.
func TestScoreFile(t *testing.T) {
	e := regularShop(t, 350, 6)
	score(t, e, "2026-05-31")
	histories, err := e.Query(t.Context(), `SELECT customer_id, count(DISTINCT ordered_day) - 1 AS x, max(ordered_day) - min(ordered_day) AS t_x,
  CAST(DATE '2026-05-31' - DATE '1970-01-01' AS BIGINT) - min(ordered_day) AS T
FROM orders WHERE ordered_on <= '2026-05-31' GROUP BY customer_id ORDER BY customer_id`)
	if err != nil {
		t.Fatal(err)
	}
	spent, err := e.Query(t.Context(), `WITH first AS (SELECT customer_id, min(ordered_day) AS day FROM orders GROUP BY customer_id)
SELECT CAST(sum(CASE WHEN o.ordered_day > f.day THEN o.net ELSE 0 END) AS DOUBLE) AS v
FROM orders AS o JOIN first AS f ON o.customer_id = f.customer_id WHERE o.ordered_on <= '2026-05-31' GROUP BY o.customer_id ORDER BY o.customer_id`)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("customer_id,T,x,t_x,repeat_spend\n")
	for i := range histories.Rows() {
		spend := fmt.Sprint(spent.Floats("v")[i])
		if histories.Ints("x")[i] == 0 && i%2 == 0 {
			spend = "" // as a database has it
		}
		fmt.Fprintf(&text, "%s,%d,%d,%d,%s\n", histories.Column("customer_id").Texts.At(i), histories.Ints("T")[i], histories.Ints("x")[i], histories.Ints("t_x")[i], spend)
	}
	file := filepath.Join(t.TempDir(), "histories.csv")
	if err := os.WriteFile(file, []byte(text.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	e.Config.Models.Frozen = []string{runDir(e, "2026-05-31")}
	got, err := e.ScoreFile(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"p_alive", "expected_orders", "expected_spend", "clv"} {
		want := column(t, e, "2026-05-31", name)
		if len(want) != got.Rows() {
			t.Fatalf("%d rows, the workspace has %d customers", got.Rows(), len(want))
		}
		for i, v := range got.Floats(name) {
			if math.Abs(v-want[i]) > 1e-9*math.Abs(want[i]) {
				t.Fatalf("%s of row %d: %v, in the workspace %v", name, i, v, want[i])
			}
		}
	}
}
