package rfm

import (
	"fmt"
	"math"
	"strings"

	"clientele/engine/table"
)

// Result is what Check found out about a scheme.
type Result struct {
	Scheme     string    `json:"scheme"`
	Codes      int       `json:"codes"`      // number of codes that can occur
	Holes      []string  `json:"holes"`      // codes in no segment; their customers are Others
	Overlaps   []Overlap `json:"overlaps"`   // codes in several segments; the first has their customers
	Unreached  []string  `json:"unreached"`  // names that no customer can get, because earlier ones have all their codes
	Impossible []string  `json:"impossible"` // scores that no value can have under own cut points: "F2"
}

// Overlap is a code and the segments that match it, in the order of the scheme.
type Overlap struct {
	Code     string   `json:"code"`
	Segments []string `json:"segments"`
}

// Partition reports whether each code is in exactly one segment and each
// segment has a code.
func (r Result) Partition() bool {
	return len(r.Holes) == 0 && len(r.Overlaps) == 0 && len(r.Unreached) == 0
}

// Faults is one row for each fault of the scheme: problem is hole (a code in no
// segment), overlap (a code in several, whose names stand in the scheme's order
// with " | " between), unreached (a name that no customer can get) or impossible
// (a score that no value can have). A partition has no row.
func (r Result) Faults() *table.Table {
	t := table.Make(0,
		table.Field{Name: "scheme", Kind: table.Text}, table.Field{Name: "problem", Kind: table.Text},
		table.Field{Name: "code", Kind: table.Text}, table.Field{Name: "segments", Kind: table.Text})
	add := func(problem, code string, segments ...string) {
		for i, text := range []string{r.Scheme, problem, code, strings.Join(segments, " | ")} {
			c := t.Columns()[i]
			c.Texts.AppendString(text)
			c.Null = append(c.Null, text == "")
		}
	}
	if !r.Partition() {
		for _, code := range r.Holes {
			add("hole", code)
		}
		for _, o := range r.Overlaps {
			add("overlap", o.Code, o.Segments...)
		}
		for _, name := range r.Unreached {
			add("unreached", "", name)
		}
		for _, score := range r.Impossible {
			add("impossible", score)
		}
	}
	return table.New(t.Columns()...)
}

// Check proves that a scheme is a partition of its codes, or lists what it is
// not: by trying every segment on every code. It returns an error only when a
// pattern cannot be read.
func Check(s Scheme) (Result, error) {
	return check(s, [3]levelSet{1<<s.Levels - 1, 1<<s.Levels - 1, 1<<s.Levels - 1})
}

// check is Check on the codes whose scores are possible.
func check(s Scheme, possible [3]levelSet) (Result, error) {
	found, err := s.matches()
	if err != nil {
		return Result{}, err
	}
	r := Result{Scheme: s.Name}
	reached := make([]bool, len(s.Segments))
	for k, code := range s.codes() {
		if !covers(possible[:s.Positions], code) {
			continue
		}
		r.Codes++
		if len(found[k]) == 0 {
			r.Holes = append(r.Holes, code)
			continue
		}
		reached[found[k][0]] = true
		if len(found[k]) > 1 {
			o := Overlap{Code: code}
			for _, i := range found[k] {
				o.Segments = append(o.Segments, s.Segments[i].Name)
			}
			r.Overlaps = append(r.Overlaps, o)
		}
	}
	for i, ok := range reached {
		if !ok {
			r.Unreached = append(r.Unreached, s.Segments[i].Name)
		}
	}
	for p := range s.Positions {
		for k := 1; k <= s.Levels; k++ {
			if !possible[p].has(k) {
				r.Impossible = append(r.Impossible, fmt.Sprintf("%c%d", "RFM"[p], k))
			}
		}
	}
	return r, nil
}

// Check is Check of the model's scheme under its own cut points, if it has any:
// a score that no whole number of days or orders can have (frequency cut points
// 1, 1.5, 2, 4 leave no order count for F = 2) makes codes impossible, and names
// that need them unreachable. It returns an error when the settings are wrong.
func (m *Model) Check() (Result, error) {
	if err := m.Validate(); err != nil {
		return Result{}, err
	}
	s, err := m.scheme()
	if err != nil {
		return Result{}, err
	}
	if s.Levels != 5 { // cells divide at a mean, which cut points do not move
		return Check(s)
	}
	rule := m.rule()
	all := levelSet(1<<s.Levels - 1)
	possible := [3]levelSet{all, all, all}
	if len(m.Recency) > 0 {
		c := Cuts(m.Recency)
		possible[0] = scoresOf(c, 0, func(v float64) int { return c.scoreRecency(v) })
	}
	if len(m.Frequency) > 0 {
		c := Cuts(m.Frequency)
		possible[1] = scoresOf(c, 1, func(v float64) int { return c.score(v, rule) })
	}
	return check(s, possible)
}

// scoresOf returns the scores of all whole numbers from least up. A score is
// constant between cut points, so the numbers next to them show every one.
func scoresOf(c Cuts, least float64, score func(float64) int) levelSet {
	set := levelSet(1) << (score(least) - 1)
	for _, q := range c {
		for _, v := range []float64{math.Floor(q) - 1, math.Floor(q), math.Floor(q) + 1} {
			if v >= least {
				set |= 1 << (score(v) - 1)
			}
		}
	}
	return set
}

// String says in one line whether the scheme is a partition.
func (r Result) String() string {
	text := fmt.Sprintf("%s: each of %d codes is in exactly one segment", r.Scheme, r.Codes)
	if !r.Partition() {
		are := "are"
		if len(r.Holes) == 1 {
			are = "is"
		}
		text = fmt.Sprintf("%s: of %d codes %d %s in no segment, %d in several", r.Scheme, r.Codes, len(r.Holes), are, len(r.Overlaps))
	}
	if len(r.Unreached) > 0 {
		text += "; never reached: " + strings.Join(r.Unreached, ", ")
	}
	if len(r.Impossible) > 0 {
		text += "; impossible under the cut points: " + strings.Join(r.Impossible, ", ")
	}
	return text
}
