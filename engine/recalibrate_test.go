package engine_test

import "testing"

// Where no model of a past day can say what its level was, nothing is multiplied, and
// a warning says so: few customers, for whom a plainer method stands in, and one whose
// first order is so late that even that has nothing to go by.
func TestNothingToRecalibrateBy(t *testing.T) {
	for name, orders := range map[string]string{
		"few": regulars(20, 3),
		"one": "customer,date,amount\na,2026-01-01,10\na,2026-01-31,20\na,2026-04-01,15\n",
	} {
		e := workspace(t)
		loadText(t, e, "orders", "orders.csv", orders)
		e.Config.Models.Recalibrate = true
		scored := score(t, e, "latest")
		for _, m := range scored.Models {
			for _, p := range m.Parameters {
				if m.Model == "recalibration" && (p.Name == "factor") != (p.Value == 1) {
					t.Errorf("%s: %s %v", name, p.Name, p.Value)
				}
			}
		}
		said := 0
		for _, w := range scored.Warnings {
			if w.Code == "recalibrate_nothing" {
				said++
			}
		}
		if said != 1 {
			t.Errorf("%s: said %d times", name, said)
		}
	}
}
