package stat_test

import (
	"fmt"

	"clientele/models/stat"
)

// A campaign against its control group: 120 of 1,000 bought who were written to,
// 90 of 1,000 who were not.
func ExampleCompareProportions() {
	treated, control := stat.Proportion{K: 120, N: 1000}, stat.Proportion{K: 90, N: 1000}
	c := stat.CompareProportions(treated, control, 0.95)
	fmt.Printf("lift %.1f points (%.1f to %.1f), p %.3f\n", 100*c.Difference.Value, 100*c.Difference.Low, 100*c.Difference.High, c.Pooled.P)
	fmt.Printf("ratio %.2f (%.2f to %.2f)\n", c.Ratio.Value, c.Ratio.Low, c.Ratio.High)
	look := stat.Mixture{Tau: 0.01}.Proportions(treated, control)
	fmt.Printf("looked at before the end: p %.2f\n", look.P)
	// Output:
	// lift 3.0 points (0.3 to 5.7), p 0.029
	// ratio 1.33 (1.03 to 1.73)
	// looked at before the end: p 0.54
}

// What a control group of a tenth can find, before the list is cut.
func ExampleDetectableRate() {
	d := stat.DetectableRate(0.05, 9000, 1000, 0.05, 0.8)
	fmt.Printf("a rise from 5 %% to %.1f %%\n", 100*(0.05+d.Up))
	// Output: a rise from 5 % to 7.3 %
}

// Money per customer, where most spend nothing.
func ExampleWelch() {
	treated, control := stat.TallyOf([]float64{0, 0, 0, 20, 0, 35, 0, 50}), stat.TallyOf([]float64{0, 0, 10, 0, 0, 0, 0, 15})
	w := stat.Welch(treated.Moments(), control.Moments(), 0.95)
	fmt.Printf("%.2f more per customer (%.2f to %.2f), p %.2f\n", w.Difference, w.Low, w.High, w.P)
	nobody := stat.Welch(stat.MomentsFrom(500, 0, 0), stat.MomentsFrom(500, 0, 0), 0.95)
	fmt.Println(nobody.P, nobody.Flags.Remarks()[0].En)
	// Output:
	// 10.00 more per customer (-6.77 to 26.77), p 0.21
	// 1 All values are equal, so there is nothing to measure a difference against.
}
