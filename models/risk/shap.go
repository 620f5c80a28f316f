package risk

// Shap writes how much each column moves the margin of one row from Expected:
// exact Shapley values of the trees, in which a column that is not known sends
// a row down both ways by cover (path-dependent TreeSHAP; Lundberg, Erion & Lee
// 2018, algorithm 2). Their sum is the row's margin less Expected. It takes
// O(trees * leaves * depth²) steps and allocates once; row has a value for each column.
func (t *Trees) Shap(dst, row []float64) { t.NewExplainer().Shap(dst, row) }

// Explainer has the memory that Shap needs for one row after the other. It is
// for one goroutine.
type Explainer struct {
	trees *Trees
	path  []wayElement // room for the ways of all depths, one after the other
}

// wayElement is a column on the way from the root: the share of rows that pass
// while it is not known and while it is (0 or 1), and the summed weight of all
// subsets of the way of one size that pass.
type wayElement struct {
	column         int32
	unknown, known float64
	weight         float64
}

// NewExplainer makes an Explainer.
func (t *Trees) NewExplainer() *Explainer {
	deepest := 0
	for n := range t.Trees {
		deepest = max(deepest, t.Trees[n].depth())
	}
	return &Explainer{trees: t, path: make([]wayElement, (deepest+2)*(deepest+3)/2)}
}

// Shap is Trees.Shap.
func (e *Explainer) Shap(dst, row []float64) {
	clear(dst)
	for n := range e.trees.Trees {
		w := walk{tree: &e.trees.Trees[n], row: row, dst: dst}
		w.down(0, e.path, 0, 1, 1, -1)
	}
}

type walk struct {
	tree     *Tree
	row, dst []float64
}

// down visits node at. path begins with the way's elements so far, of which
// there are length, and has room behind them for a copy at every depth.
func (w *walk) down(at int32, path []wayElement, length int, unknown, known float64, column int32) {
	extend(path, length, unknown, known, column)
	length++
	t := w.tree
	f := t.Feature[at]
	if f < 0 {
		for k := 1; k < length; k++ {
			el := path[k]
			w.dst[el.column] += unwound(path, length, k) * (el.known - el.unknown) * t.Value[at]
		}
		return
	}
	hot, cold := t.Left[at], t.Right[at]
	if w.row[f] > t.Threshold[at] {
		hot, cold = cold, hot
	}
	unknown, known = 1, 1
	// A column asked about before counts once: its earlier element goes.
	for k := 1; k < length; k++ {
		if path[k].column == f {
			unknown, known = path[k].unknown, path[k].known
			unwind(path, length, k)
			length--
			break
		}
	}
	next := path[length:]
	copy(next, path[:length])
	w.down(hot, next, length, unknown*t.Cover[hot]/t.Cover[at], known, f)
	copy(next, path[:length])
	w.down(cold, next, length, unknown*t.Cover[cold]/t.Cover[at], 0, f)
}

// extend adds an element to a way of the length given: the subsets of each size
// either have it or not (EXTEND of the paper).
func extend(path []wayElement, length int, unknown, known float64, column int32) {
	path[length] = wayElement{column: column, unknown: unknown, known: known}
	if length == 0 {
		path[0].weight = 1
	}
	sizes := float64(length + 1)
	for k := length - 1; k >= 0; k-- {
		path[k+1].weight += known * path[k].weight * float64(k+1) / sizes
		path[k].weight *= unknown * float64(length-k) / sizes
	}
}

// unwind takes element k out of a way again (UNWIND of the paper).
func unwind(path []wayElement, length, k int) {
	last, sizes := length-1, float64(length)
	known, unknown := path[k].known, path[k].unknown
	next := path[last].weight
	for i := last - 1; i >= 0; i-- {
		if known != 0 {
			before := path[i].weight
			path[i].weight = next * sizes / (float64(i+1) * known)
			next = before - path[i].weight*unknown*float64(last-i)/sizes
		} else {
			path[i].weight *= sizes / (unknown * float64(last-i))
		}
	}
	for i := k; i < last; i++ {
		path[i].column, path[i].unknown, path[i].known = path[i+1].column, path[i+1].unknown, path[i+1].known
	}
}

// unwound is the sum of the weights that unwind would leave.
func unwound(path []wayElement, length, k int) float64 {
	last, sizes := length-1, float64(length)
	known, unknown := path[k].known, path[k].unknown
	next, total := path[last].weight, 0.0
	for i := last - 1; i >= 0; i-- {
		if known != 0 {
			weight := next * sizes / (float64(i+1) * known)
			total += weight
			next = path[i].weight - weight*unknown*float64(last-i)/sizes
		} else {
			total += path[i].weight * sizes / (unknown * float64(last-i))
		}
	}
	return total
}
