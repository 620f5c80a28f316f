package rfm_test

import (
	"fmt"

	"clientele/models/rfm"
)

func ExampleCheck() {
	for _, name := range rfm.Schemes() {
		scheme, err := rfm.Lookup(name)
		if err != nil {
			panic(err)
		}
		result, err := rfm.Check(scheme)
		if err != nil {
			panic(err)
		}
		fmt.Println(result)
	}
	// Output:
	// grid125: each of 125 codes is in exactly one segment
	// rf25: each of 25 codes is in exactly one segment
	// cn8: each of 8 codes is in exactly one segment
	// r-rfm-0.2: of 125 codes 36 are in no segment, 39 in several; never reached: New Customers, Promising, Can't Lose Them
}

// Own cut points can make a score impossible: no number of orders lies between
// 1 and 1.5, so nobody scores F = 2.
func ExampleModel_Check() {
	m := &rfm.Model{
		Scheme:    "custom",
		Frequency: []float64{1, 1.5, 3, 6},
		Segments: []rfm.Segment{
			{Name: "Regulars", Codes: []string{"[3-5][3-5]*"}},
			{Name: "Second order", Codes: []string{"[3-5]2*"}},
			{Name: "Quiet", Codes: []string{"[1-2]**"}},
		},
	}
	result, err := m.Check()
	if err != nil {
		panic(err)
	}
	fmt.Println(result)
	fmt.Println("first hole:", result.Holes[0])
	// Output:
	// custom: of 100 codes 15 are in no segment, 0 in several; never reached: Second order; impossible under the cut points: F2
	// first hole: 311
}

func ExampleCutPoints() {
	orders := []float64{1, 1, 1, 1, 1, 2, 2, 3, 4, 9}
	fmt.Println(rfm.CutPoints(orders))
	// Output:
	// [1 1 2 3.2]
}
