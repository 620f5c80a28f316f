package demo

import (
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func people(n int) []Listed {
	list := make([]Listed, n)
	for i := range list {
		list[i] = Listed{CustomerID: fmt.Sprintf("C%06d", i), Arm: []string{"treated", ControlArm, "treated", ""}[i%4], Orders: 0.3, Spend: 80}
	}
	return list
}

func sending() Sending {
	return Sending{List: "L", Campaign: "C", Channel: "email", On: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), Days: 30, Effect: 0.1, Seed: 3, Prefix: "A"}
}

// The lift that is written down is the one that the answers show, within chance; who
// is kept back is sent nothing, and the amounts average to what was expected.
func TestAnswersHaveTheLiftTheySay(t *testing.T) {
	const n = 60_000
	folder := filepath.Join(t.TempDir(), "answers")
	out, err := Answer(context.Background(), folder, people(n), sending())
	if err != nil {
		t.Fatal(err)
	}
	want := 0.1 * deliveredShare * math.Exp(-0.3)
	if math.Abs(out.TrueLift-want) > 1e-12 || out.Treated != n/2 || out.Control != n/4 {
		t.Errorf("%+v, lift should be %g", out, want)
	}
	treated, control := float64(out.TreatedOrdered)/float64(out.Treated), float64(out.ControlOrdered)/float64(out.Control)
	se := math.Sqrt(treated*(1-treated)/float64(out.Treated) + control*(1-control)/float64(out.Control))
	if math.Abs(treated-control-want) > 4*se {
		t.Errorf("treated %.4f, control %.4f: not %.4f apart, within 4 times %.4f", treated, control, want, se)
	}
	// Orders come until the end of the last day, which begins at 9 o'clock for the process.
	base := 1 - math.Exp(-0.3*(30-9.0/24)/30)
	if math.Abs(control-base) > 4*math.Sqrt(base*(1-base)/float64(out.Control)) {
		t.Errorf("%.4f of the control group ordered, not %.4f", control, base)
	}
	for _, file := range out.Files {
		text, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, row := range rows[1:] {
			var number int
			customer := row[1]
			if file == "responses.csv" {
				customer = row[2]
			}
			if _, err := fmt.Sscanf(customer, "C%d", &number); err != nil {
				t.Fatal(err)
			}
			if file == "responses.csv" && number%2 == 1 {
				t.Fatalf("%v: not on the list", row)
			}
			var amount float64
			if file == "orders.csv" {
				if _, err := fmt.Sscan(row[4], &amount); err != nil {
					t.Fatal(err)
				}
				sum += amount
			}
		}
		if mean := sum / float64(len(rows)-1); file == "orders.csv" && math.Abs(mean-80) > 1.5 {
			t.Errorf("orders of %.2f on average, not 80", mean)
		}
	}
}

func TestAnswersAreReproducible(t *testing.T) {
	read := func() string {
		folder := filepath.Join(t.TempDir(), "answers")
		if _, err := Answer(context.Background(), folder, people(200), sending()); err != nil {
			t.Fatal(err)
		}
		var all []byte
		for _, name := range []string{"answers/orders.csv", "answers/responses.csv", "answers.truth.json"} {
			text, err := os.ReadFile(filepath.Join(filepath.Dir(folder), name))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, text...)
		}
		return string(all)
	}
	if first, again := read(), read(); first != again {
		t.Error("the same arguments give other answers")
	}
	folder := t.TempDir()
	if _, err := Answer(context.Background(), folder, nil, sending()); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("an existing folder: %v", err)
	}
}
