package risk

import (
	"fmt"
	"math"

	"clientele/models/stat"
)

// Tree is a decision tree as parallel slices, one element a node; node 0 is the
// root, and children come after their parents.
type Tree struct {
	Feature   []int32   `json:"feature"`   // column that the node asks about; -1 is a leaf
	Threshold []float64 `json:"threshold"` // rows at most this, and missing values, go left
	Left      []int32   `json:"left"`
	Right     []int32   `json:"right"`
	Value     []float64 `json:"value"` // a leaf's part of the margin; 0 elsewhere
	Cover     []float64 `json:"cover"` // weight of the training rows that came by
}

// Trees are gradient-boosted trees: the log odds of the event are Base plus
// each tree's leaf.
type Trees struct {
	Base    float64 `json:"base"`
	Columns int     `json:"columns"` // that the trees were fitted on
	Trees   []Tree  `json:"trees"`
}

// leaf returns the node in which row i of columns ends.
func (t *Tree) leaf(columns [][]float64, i int) int32 {
	at := int32(0)
	for t.Feature[at] >= 0 {
		if columns[t.Feature[at]][i] > t.Threshold[at] { // false for NaN
			at = t.Right[at]
		} else {
			at = t.Left[at]
		}
	}
	return at
}

// MarginTo writes the log odds of every row of columns, on at most workers
// goroutines (zero: one for each processor).
func (t *Trees) MarginTo(dst []float64, columns [][]float64, workers int) {
	if len(columns) != t.Columns {
		panic(fmt.Sprintf("risk: %d columns, not %d", len(columns), t.Columns))
	}
	stat.Each(workers, pieces(len(dst)), func(c int) {
		part := dst[c*rowsAtOnce : min((c+1)*rowsAtOnce, len(dst))]
		for k := range part {
			part[k] = t.Base
		}
		for n := range t.Trees {
			t.Trees[n].addTo(part, columns, c*rowsAtOnce)
		}
	})
}

// marginOf is the log odds of one row, which has a value for each column.
func (t *Trees) marginOf(row []float64) float64 {
	total := t.Base
	for n := range t.Trees {
		tree := &t.Trees[n]
		at := int32(0)
		for tree.Feature[at] >= 0 {
			if row[tree.Feature[at]] > tree.Threshold[at] { // false for NaN
				at = tree.Right[at]
			} else {
				at = tree.Left[at]
			}
		}
		total += tree.Value[at]
	}
	return total
}

// addTo adds the leaves of the rows from there on.
func (t *Tree) addTo(dst []float64, columns [][]float64, from int) {
	for k := range dst {
		dst[k] += t.Value[t.leaf(columns, from+k)]
	}
}

// Expected is the mean margin over the training rows: the value from which the
// contributions of SHAP start.
func (t *Trees) Expected() float64 {
	total := t.Base
	for n := range t.Trees {
		total += t.Trees[n].mean(0)
	}
	return total
}

// mean is the mean leaf below node at, by cover.
func (t *Tree) mean(at int32) float64 {
	if t.Feature[at] < 0 {
		return t.Value[at]
	}
	l, r := t.Left[at], t.Right[at]
	return (t.Cover[l]*t.mean(l) + t.Cover[r]*t.mean(r)) / t.Cover[at]
}

// depth is the number of questions on the longest way from the root.
func (t *Tree) depth() int {
	deepest := 0
	depths := make([]int, len(t.Feature))
	for at, f := range t.Feature {
		if f >= 0 {
			depths[t.Left[at]], depths[t.Right[at]] = depths[at]+1, depths[at]+1
		}
		deepest = max(deepest, depths[at])
	}
	return deepest
}

// check reports trees that cannot be walked, such as those of a damaged file.
func (t *Trees) check() error {
	if math.IsNaN(t.Base - t.Base) {
		return fmt.Errorf("trees: base %v", t.Base)
	}
	for n := range t.Trees {
		if err := t.Trees[n].check(t.Columns); err != nil {
			return fmt.Errorf("tree %d: %w", n, err)
		}
	}
	return nil
}

func (t *Tree) check(columns int) error {
	n := len(t.Feature)
	if n == 0 || len(t.Threshold) != n || len(t.Left) != n || len(t.Right) != n || len(t.Value) != n || len(t.Cover) != n {
		return fmt.Errorf("its slices differ in length")
	}
	for at, f := range t.Feature {
		switch {
		case math.IsNaN(t.Value[at]-t.Value[at]) || !(t.Cover[at] > 0):
			return fmt.Errorf("node %d: value %v, cover %v", at, t.Value[at], t.Cover[at])
		case f < 0:
			continue
		case int(f) >= columns:
			return fmt.Errorf("node %d asks about column %d of %d", at, f, columns)
		}
		for _, child := range [...]int32{t.Left[at], t.Right[at]} {
			if int(child) <= at || int(child) >= n {
				return fmt.Errorf("node %d has child %d", at, child)
			}
		}
	}
	return nil
}
