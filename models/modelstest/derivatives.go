package modelstest

import (
	"fmt"
	"math"
)

// SecondDerivatives checks the second derivatives that f writes to hessian, row by
// row, at p above zero, against differences of its gradient; what f returns and the
// gradient must be the same with a nil hessian. Derivatives are compared by the
// logs of p: they may differ by tolerance times the size of those by the same
// logs, of which size is the least.
//
// A difference is taken at many steps and extrapolated (Ridders 1982): that step
// counts at which it changes least. Where it changes by more than half of what is
// allowed, differences show nothing, and the error says so.
func SecondDerivatives(f func(p, gradient, hessian []float64) float64, p []float64, tolerance, size float64) error {
	n := len(p)
	gradient, plain, hessian := make([]float64, n), make([]float64, n), make([]float64, n*n)
	value := f(p, gradient, hessian)
	if v := f(p, plain, nil); v != value {
		return fmt.Errorf("value %v with second derivatives, %v without", value, v)
	}
	for i := range n {
		if g := gradient[i]; math.Abs(g-plain[i]) > 1e-10*(math.Abs(g)+size/p[i]) {
			return fmt.Errorf("derivative %d is %v with second derivatives, %v without", i, g, plain[i])
		}
		for j := range n {
			if v := hessian[i*n+j]; v != hessian[j*n+i] || math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("second derivatives %d, %d are %v and %v", i, j, v, hessian[j*n+i])
			}
		}
	}
	logs := byLogs(gradient, hessian, p)
	room := make([]float64, n)
	for i := range n {
		for j := range n {
			scale := func(k int) float64 { return max(size, math.Abs(logs[k*n+k]), math.Abs(p[k]*gradient[k])) }
			room[j] = tolerance * math.Sqrt(scale(i)*scale(j))
		}
		got, doubt := differences(f, p, i, room)
		for j := range n {
			if doubt[j] > room[j]/2 {
				return fmt.Errorf("second derivative by logs %d, %d: differences of %v are good to %v only, %v needed", i, j, got[j], doubt[j], room[j]/2)
			}
			if !(math.Abs(logs[i*n+j]-got[j]) <= room[j]) {
				return fmt.Errorf("second derivative by logs %d, %d is %.12g, by differences %.12g (%.2g)", i, j, logs[i*n+j], got[j], doubt[j])
			}
		}
	}
	return nil
}

// byLogs returns second derivatives by the logs of p.
func byLogs(gradient, hessian, p []float64) []float64 {
	n := len(p)
	out := make([]float64, n*n)
	for i := range n {
		for j := range n {
			out[i*n+j] = p[i] * p[j] * hessian[i*n+j]
		}
		out[i*n+i] += p[i] * gradient[i]
	}
	return out
}

// differences returns the derivatives by log i of all derivatives by logs, and by
// how much they differ between the steps that agree best: by a hundredth of room, or
// as little as any steps do.
func differences(f func(p, gradient, hessian []float64) float64, p []float64, i int, room []float64) (best, doubt []float64) {
	n := len(p)
	up, down, q := make([]float64, n), make([]float64, n), make([]float64, n)
	central := func(h float64) []float64 {
		at := func(gradient []float64, h float64) {
			copy(q, p)
			q[i] *= math.Exp(h)
			f(q, gradient, nil)
			for j := range gradient {
				gradient[j] *= q[j]
			}
		}
		at(up, h)
		at(down, -h)
		d := make([]float64, n)
		for j := range d {
			d[j] = (up[j] - down[j]) / (2 * h)
		}
		return d
	}
	best, doubt = make([]float64, n), make([]float64, n)
	for j := range doubt {
		doubt[j] = math.Inf(1)
	}
	var table [][]float64 // of the last step: extrapolated zero times, once ...
	good := func() bool {
		for j := range doubt {
			if doubt[j] > room[j]/100 {
				return false
			}
		}
		return true
	}
	for step := 0.2; step > 1e-7 && !good(); step /= 2 {
		row := [][]float64{central(step)}
		for k, factor := 0, 4.0; k < min(len(table), 5); k, factor = k+1, 4*factor {
			next := make([]float64, n)
			for j := range next {
				next[j] = row[k][j] + (row[k][j]-table[k][j])/(factor-1)
				if d := max(math.Abs(next[j]-row[k][j]), math.Abs(next[j]-table[k][j])); d < doubt[j] {
					best[j], doubt[j] = next[j], d
				}
			}
			row = append(row, next)
		}
		table = row
	}
	return best, doubt
}
