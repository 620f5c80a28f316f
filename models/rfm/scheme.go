package rfm

import (
	"fmt"
	"slices"
	"strings"
)

// Segment is one name and the score codes it covers.
type Segment struct {
	Name string `json:"name"`
	// Codes are patterns with one position for each score: a digit, a range
	// such as [2-4], or * for any. "5[4-5]*" is R = 5, F = 4 or 5, any M.
	Codes []string `json:"codes"`
}

// Scheme names segments by score codes: the first segment that matches a code has it.
type Scheme struct {
	Name      string
	Positions int // 3: codes are R, F, M; 2: R and F, whatever M is
	Levels    int // scores are 1..Levels: 5, and 2 (low, high) for cn8
	Segments  []Segment
}

// Schemes returns the names of the schemes that need no segments of one's own.
func Schemes() []string { return []string{"grid125", "rf25", "cn8", "r-rfm-0.2"} }

// Others is the segment of customers whose code no segment of a scheme covers.
const Others = "Others"

// Lookup returns a scheme by name. Sources: reference texts that state the
// 125 codes of grid125 and the 25 of rf25 as practitioners use them; rfm_segment
// of the R package rfm 0.2, with the ranges its documentation gives.
func Lookup(name string) (Scheme, error) {
	switch name {
	case "grid125":
		return grid125(), nil
	case "rf25":
		return rf25(), nil
	case "cn8":
		return cn8(), nil
	case "r-rfm-0.2":
		return rRFM02(), nil
	}
	return Scheme{}, fmt.Errorf("rfm: unknown scheme %q: not one of %s, custom", name, strings.Join(Schemes(), ", "))
}

func grid125() Scheme {
	codes := func(name, list string) Segment { return Segment{name, strings.Fields(list)} }
	return Scheme{"grid125", 3, 5, []Segment{
		codes("Champions", "555 554 544 545 454 455 445"),
		codes("Loyal", "543 444 435 355 354 345 344 335"),
		codes("Potential Loyalist", "553 551 552 541 542 533 532 531 452 451 442 441 431 453 433 432 423 353 352 351 342 341 333 323"),
		codes("New Customers", "512 511 422 421 412 411 311"),
		codes("Promising", "525 524 523 522 521 515 514 513 425 424 413 414 415 315 314 313"),
		codes("Need Attention", "535 534 443 434 343 334 325 324"),
		codes("About To Sleep", "331 321 312 221 213 231 241 251"),
		codes("At Risk", "255 254 245 244 253 252 243 242 235 234 225 224 153 152 145 143 142 135 134 133 125 124"),
		codes("Cannot Lose Them", "155 154 144 214 215 115 114 113"),
		codes("Hibernating", "332 322 233 232 223 222 132 123 122 212 211"),
		codes("Lost", "111 112 121 131 141 151"),
	}}
}

func rf25() Scheme {
	return Scheme{"rf25", 2, 5, []Segment{
		{"Hibernating", []string{"[1-2][1-2]"}},
		{"At Risk", []string{"[1-2][3-4]"}},
		{"Can't Lose Them", []string{"[1-2]5"}},
		{"About To Sleep", []string{"3[1-2]"}},
		{"Need Attention", []string{"33"}},
		{"Loyal", []string{"[3-4][4-5]"}},
		{"Promising", []string{"41"}},
		{"New", []string{"51"}},
		{"Potential Loyalist", []string{"[4-5][2-3]"}},
		{"Champions", []string{"5[4-5]"}},
	}}
}

// rRFM02 has M ranges equal to the F ranges, as the package's documentation does.
func rRFM02() Scheme {
	return Scheme{"r-rfm-0.2", 3, 5, []Segment{
		{"Champions", []string{"[4-5][4-5][4-5]"}},
		{"Loyal Customers", []string{"[2-5][3-5][3-5]"}},
		{"Potential Loyalist", []string{"[3-5][1-3][1-3]"}},
		{"New Customers", []string{"[4-5]11"}},
		{"Promising", []string{"[3-4]11"}},
		{"Need Attention", []string{"[2-3][2-3][2-3]"}},
		{"About To Sleep", []string{"[2-3][1-2][1-2]"}},
		{"At Risk", []string{"[1-2][2-5][2-5]"}},
		{"Can't Lose Them", []string{"1[4-5][4-5]"}},
		{"Lost", []string{"[1-2][1-2][1-2]"}},
	}}
}

// cn8 is the eight cells of Chinese practice; position by position 1 is low and 2 is high.
func cn8() Scheme {
	return Scheme{"cn8", 3, 2, []Segment{
		{"重要价值客户", []string{"222"}},
		{"重要发展客户", []string{"212"}},
		{"重要保持客户", []string{"122"}},
		{"重要挽留客户", []string{"112"}},
		{"一般价值客户", []string{"221"}},
		{"一般发展客户", []string{"211"}},
		{"一般保持客户", []string{"121"}},
		{"一般挽留客户", []string{"111"}},
	}}
}

// custom makes a scheme of a user's segments. Patterns have two positions (R
// and F) or three, all of them the same number.
func custom(segments []Segment) (Scheme, error) {
	s := Scheme{Name: "custom", Levels: 5, Segments: segments}
	if len(segments) == 0 {
		return s, fmt.Errorf("rfm: scheme custom has no segments")
	}
	seen := map[string]bool{}
	for _, g := range segments {
		if g.Name == "" {
			return s, fmt.Errorf("rfm: a segment of scheme custom has no name")
		}
		if seen[g.Name] {
			return s, fmt.Errorf("rfm: segment %q occurs twice: give all its codes in one list", g.Name)
		}
		seen[g.Name] = true
		if len(g.Codes) == 0 {
			return s, fmt.Errorf("rfm: segment %q has no codes", g.Name)
		}
		for _, p := range g.Codes {
			sets, err := parsePattern(p, s.Levels)
			if err != nil {
				return s, fmt.Errorf("rfm: segment %q: %w", g.Name, err)
			}
			if s.Positions == 0 {
				s.Positions = len(sets)
			}
			if len(sets) != s.Positions || s.Positions != 2 && s.Positions != 3 {
				return s, fmt.Errorf("rfm: segment %q: pattern %q has %d positions; all patterns have three (R, F, M) or all have two (R, F)",
					g.Name, p, len(sets))
			}
		}
	}
	return s, nil
}

// levelSet holds the scores that a position of a pattern allows: bit k is score k+1.
type levelSet uint8

func (s levelSet) has(score int) bool { return s>>(score-1)&1 == 1 }

// parsePattern reads one pattern of scores 1..levels into a set for each position.
func parsePattern(pattern string, levels int) ([]levelSet, error) {
	var sets []levelSet
	digit := func(b byte) (int, error) {
		if b < '1' || int(b-'0') > levels {
			return 0, fmt.Errorf("pattern %q: scores are 1 to %d", pattern, levels)
		}
		return int(b - '0'), nil
	}
	for rest := pattern; rest != ""; {
		low, high, width := 1, levels, 1
		var err error
		switch rest[0] {
		case '*':
		case '[':
			if len(rest) < 5 || rest[2] != '-' || rest[4] != ']' {
				return nil, fmt.Errorf("pattern %q: a range is written [2-4]", pattern)
			}
			width = 5
			if low, err = digit(rest[1]); err != nil {
				return nil, err
			}
			if high, err = digit(rest[3]); err != nil {
				return nil, err
			}
			if low > high {
				return nil, fmt.Errorf("pattern %q: range [%d-%d] is empty", pattern, low, high)
			}
		default:
			if low, err = digit(rest[0]); err != nil {
				return nil, err
			}
			high = low
		}
		var set levelSet
		for k := low; k <= high; k++ {
			set |= 1 << (k - 1)
		}
		sets = append(sets, set)
		rest = rest[width:]
	}
	if len(sets) == 0 {
		return nil, fmt.Errorf("pattern is empty")
	}
	return sets, nil
}

// codes returns every code of the scheme, ascending: "111", "112" ...
func (s Scheme) codes() []string {
	list := []string{""}
	for range s.Positions {
		var longer []string
		for _, c := range list {
			for k := 1; k <= s.Levels; k++ {
				longer = append(longer, fmt.Sprintf("%s%d", c, k))
			}
		}
		list = longer
	}
	return list
}

// matches returns for each code (in the order of codes) the segments that match it, ascending.
func (s Scheme) matches() ([][]int, error) {
	codes := s.codes()
	found := make([][]int, len(codes))
	for i, g := range s.Segments {
		for _, p := range g.Codes {
			sets, err := parsePattern(p, s.Levels)
			if err != nil {
				return nil, fmt.Errorf("rfm: segment %q: %w", g.Name, err)
			}
			if len(sets) != s.Positions {
				return nil, fmt.Errorf("rfm: segment %q: pattern %q has %d positions, the scheme has %d", g.Name, p, len(sets), s.Positions)
			}
			for k, code := range codes {
				if covers(sets, code) && !slices.Contains(found[k], i) {
					found[k] = append(found[k], i)
				}
			}
		}
	}
	return found, nil
}

func covers(sets []levelSet, code string) bool {
	for k, set := range sets {
		if !set.has(int(code[k] - '0')) {
			return false
		}
	}
	return true
}
