package engine_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"clientele/engine"
)

// The workbook of a run has every row of every file, as texts, dates and numbers.
func TestExportWorkbook(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "orders.csv", "order_id,customer_id,date,amount\n1,007,2024-01-05,10\n2,=1+1,2024-02-01,25.5\n3,007,2024-02-20,8\n")
	score(t, e, "2024-03-31")
	to := filepath.Join(e.Dir, "out")
	written, err := e.Export(context.Background(), "", to, []string{"csv", "xlsx"}, false)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(to, engine.WorkbookName)
	if written[len(written)-1] != path {
		t.Errorf("wrote %v", written)
	}
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if want := []string{"scores", "customers", "segment_members", "totals", "reasons", "models", "dictionary"}; !slices.Equal(f.GetSheetList(), want) {
		t.Errorf("sheets %v, want %v", f.GetSheetList(), want)
	}
	for _, name := range f.GetSheetList() {
		rows, err := f.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := csv.NewReader(strings.NewReader(content(t, filepath.Join(to, name+".csv")))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if name == "dictionary" {
			want[0][0] = "sheet"
		}
		if !slices.Equal(rows[0], want[0]) || len(rows) != len(want) {
			t.Errorf("%s: %d rows of %v, want %d of %v", name, len(rows), rows[0], len(want), want[0])
		}
	}
	got, err := f.GetRows("scores")
	if err != nil {
		t.Fatal(err)
	}
	if line := strings.Join(got[1][:7], "|"); line != "2024-03-31|007|2024-01-05|2024-02-20|2|40|86" {
		t.Errorf("the first customer is %s", line)
	}
	if got[2][1] != "=1+1" || got[2][7] != "25.50" {
		t.Errorf("the second customer is %v", got[2])
	}
	if formula, err := f.GetCellFormula("scores", "B3"); formula != "" || err != nil {
		t.Errorf("an id became the formula %q, %v", formula, err)
	}
	if left, err := filepath.Glob(filepath.Join(to, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A table as a workbook of one sheet.
func TestWriteWorkbook(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "orders.csv", "order_id,customer_id,date,amount\n1,a,2024-01-05,10\n")
	table, err := e.Query(context.Background(), "SELECT order_id, net, ordered_on FROM orders")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := engine.WriteWorkbook(&b, "rows", table, nil); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.GetRows("rows")
	if err != nil || len(rows) != 2 || strings.Join(rows[1], "|") != "1|10|2024-01-05" {
		t.Errorf("%v, %v", rows, err)
	}
}
