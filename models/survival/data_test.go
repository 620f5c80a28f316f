package survival

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// shared is the folder of public data sets; tests that need it skip without it.
const shared = "../../../shared/data"

// read returns the columns of a shared file as texts.
func read(t testing.TB, name string) map[string][]string {
	t.Helper()
	file, err := os.Open(filepath.Join(shared, name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no %s in ../shared/data", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for j, name := range rows[0] {
		for _, row := range rows[1:] {
			out[name] = append(out[name], row[j])
		}
	}
	return out
}

func numbers(t testing.TB, texts []string) []float64 {
	t.Helper()
	out := make([]float64, len(texts))
	for i, text := range texts {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = v
	}
	return out
}

func is(texts []string, value string) []bool {
	out := make([]bool, len(texts))
	for i, text := range texts {
		out[i] = text == value
	}
	return out
}

// dummy is 1 where a text has a value.
func dummy(texts []string, value string) []float64 {
	out := make([]float64, len(texts))
	for i, text := range texts {
		if text == value {
			out[i] = 1
		}
	}
	return out
}

// telco is the churn data with the columns of
//
//	Contract + InternetService + MonthlyCharges + SeniorCitizen + Partner + PaperlessBilling
//
// as R's formula makes them of texts: the first level in the alphabet is left out.
func telco(t testing.TB) (d Data, contract []int, columns [][]float64, names []string) {
	c := read(t, "telco_churn.csv")
	d = Data{Time: numbers(t, c["tenure"]), Event: is(c["Churn"], "Yes")}
	for _, text := range c["Contract"] {
		contract = append(contract, map[string]int{"Month-to-month": 0, "One year": 1, "Two year": 2}[text])
	}
	names = []string{"One year", "Two year", "Fiber optic", "No internet", "MonthlyCharges", "SeniorCitizen", "Partner", "PaperlessBilling"}
	columns = [][]float64{
		dummy(c["Contract"], "One year"), dummy(c["Contract"], "Two year"),
		dummy(c["InternetService"], "Fiber optic"), dummy(c["InternetService"], "No"),
		numbers(t, c["MonthlyCharges"]), numbers(t, c["SeniorCitizen"]), dummy(c["Partner"], "Yes"), dummy(c["PaperlessBilling"], "Yes"),
	}
	return d, contract, columns, names
}

func rossi(t testing.TB) (d Data, columns [][]float64, names []string) {
	c := read(t, "survival_rossi.csv")
	d = Data{Time: numbers(t, c["week"]), Event: is(c["arrest"], "1")}
	names = []string{"fin", "age", "race", "wexp", "mar", "paro", "prio"}
	for _, name := range names {
		columns = append(columns, numbers(t, c[name]))
	}
	return d, columns, names
}

func waltons(t testing.TB) (d Data, group []int) {
	c := read(t, "survival_waltons.csv")
	d = Data{Time: numbers(t, c["T"]), Event: is(c["E"], "1")}
	for _, v := range dummy(c["group"], "miR-137") {
		group = append(group, int(v))
	}
	return d, group
}

// of returns the rows of one group.
func (d Data) of(group []int, g int) Data {
	var out Data
	for i := range d.Time {
		if group[i] == g {
			out.Time, out.Event = append(out.Time, d.Time[i]), append(out.Event, d.Event[i])
		}
	}
	return out
}

// near fails unless got is want to a relative 1e-9, or an absolute 1e-12; NaN is NaN.
func near(t testing.TB, what string, got, want float64) {
	t.Helper()
	within(t, what, got, want, 1e-9)
}

func within(t testing.TB, what string, got, want, relative float64) {
	t.Helper()
	if math.IsNaN(got) && math.IsNaN(want) || got == want {
		return
	}
	if !(math.Abs(got-want) <= relative*math.Abs(want)+1e-12) {
		t.Errorf("%s is %.15g, want %.15g", what, got, want)
	}
}
