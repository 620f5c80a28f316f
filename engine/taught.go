package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"math"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/purchase"
	"clientele/models/risk"
)

// taughtUntil is the day as of which a run of a day trains its churn score: the last
// Sunday that is a week ago or more. So the earlier states that it learns from are the
// same ones for seven nights, and, as what comes late mostly comes within days, they
// mostly say the same too: what they taught the night before need not be learned again.
// A score of windows of months is none the worse for a window that closed some days
// earlier. False where history is too short for that: such a shop learns from every day.
func (p *past) taughtUntil(asOf Day, window int) (Day, bool) {
	day := asOf - 7
	day -= ((day+4)%7 + 7) % 7 // day 3, of 1970, was a Sunday
	first, _ := p.span()
	if snapshotDays(first, day, window) == nil {
		return asOf, false
	}
	return day, true
}

// lesson is what earlier states of the shop taught a run about churn, as text: of equal
// keys the lessons are equal.
type lesson struct {
	Key    string         `json:"key"`    // of all that it was learned from
	Sum    string         `json:"sum"`    // SHA-256 of what follows
	Risk   string         `json:"risk"`   // JSON of the risk.Choice; "null": there is none
	NoRisk models.Warning `json:"norisk"` // why
	Start  string         `json:"start"`  // JSON of the purchase model's last fit; "": none
}

// lessons are those that a night begins with and ends with; nil: nothing is known.
type lessons struct{ before, now *lesson }

// sum tells whether a lesson is whole.
func (l *lesson) sum() string {
	h := sha256.Sum256([]byte(jsonText([]any{l.Key, l.Risk, l.NoRisk, l.Start})))
	return hex.EncodeToString(h[:])
}

// learnRisk is the churn score for a run of a day; nil where none is asked for or history
// is too short. It comes by way of its text whether it was known or is learned now: so
// either has the same digits.
func (p *past) learnRisk(asOf Day, f purchase.Family) (*risk.Choice, error) {
	window := p.Config.Churn.Window
	day, lasting := p.taughtUntil(asOf, window)
	if !lasting || p.frozen != nil || p.Config.Churn.Model == "purchase" {
		return p.chooseRisk(day, window, f)
	}
	before := map[[2]int]bool{}
	for at := range p.made {
		before[at] = true
	}
	defer func() { // nothing that comes after may depend on whether they were fitted
		for at := range p.made {
			if !before[at] {
				delete(p.made, at)
			}
		}
	}()
	key, err := p.lessonKey(day, window, f)
	if err != nil {
		return nil, err
	}
	if known := p.lessons; known != nil && known.before != nil && known.before.Key == key && known.before.Sum == known.before.sum() {
		if choice, err := p.take(known.before, f); err == nil {
			known.now = known.before
			return choice, nil
		}
	}
	choice, err := p.chooseRisk(day, window, f)
	if err != nil {
		return nil, err
	}
	l, err := p.lessonOf(key, choice, f)
	if err != nil {
		return choice, nil // it cannot be written down, whenever it is learned
	}
	if p.lessons != nil {
		p.lessons.now = l
	}
	return p.take(l, f)
}

// lessonOf writes down what was learned.
func (p *past) lessonOf(key string, choice *risk.Choice, f purchase.Family) (*lesson, error) {
	l := &lesson{Key: key, NoRisk: p.noRisk}
	text, err := json.Marshal(choice)
	if err != nil {
		return nil, err
	}
	l.Risk = string(text)
	if start := p.fits[fitKey(purchaseModel(p.Config, f, p.asOf))]; start != nil {
		if text, err = json.Marshal(start); err != nil {
			return nil, err
		}
		l.Start = string(text)
	}
	l.Sum = l.sum()
	return l, nil
}

// take reads what was learned.
func (p *past) take(l *lesson, f purchase.Family) (*risk.Choice, error) {
	var choice *risk.Choice
	if err := json.Unmarshal([]byte(l.Risk), &choice); err != nil {
		return nil, fmt.Errorf("churn score: %w", err)
	}
	if l.Start != "" {
		m := purchaseModel(p.Config, f, p.asOf)
		start, err := m.Load([]byte(l.Start))
		if err != nil {
			return nil, err
		}
		p.fits[fitKey(m)] = start.(*purchase.Fitted)
	}
	p.noRisk = l.NoRisk
	return choice, nil
}

// lessonKey identifies all that chooseRisk learns from: the program and its settings, and
// the earlier states themselves, number by number.
func (p *past) lessonKey(day Day, window int, f purchase.Family) (string, error) {
	h := sha256.New()
	cfg := p.Config
	cfg.Sources, cfg.Resources.Memory, cfg.Resources.Threads = nil, 0, 0
	start, err := json.Marshal(p.fits[fitKey(purchaseModel(p.Config, f, p.asOf))])
	if err != nil {
		start = nil // it cannot be told apart, and the lesson cannot be written either
	}
	fmt.Fprintf(h, "%q %q %s %s %d %d %s\n", p.Version, p.program(), jsonText(cfg), f.Name(), day, window, start)
	first, _ := p.span()
	days := append(snapshotDays(first, day, window), recentDays(day, window)...)
	for _, day := range days {
		s, err := p.at(day, window)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, day, s.table.Rows())
		hashTable(h, s.table)
		hashNumbers(h, s.orders, func(b []byte, v float64) []byte { return binary.LittleEndian.AppendUint64(b, math.Float64bits(v)) })
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// hashTable adds all that a table holds.
func hashTable(h hash.Hash, t *table.Table) {
	for _, c := range t.Columns() {
		fmt.Fprintf(h, "%q %v %d %q\n", c.Name, c.Kind, c.Len(), c.Labels)
		hashNumbers(h, c.Floats, func(b []byte, v float64) []byte { return binary.LittleEndian.AppendUint64(b, math.Float64bits(v)) })
		hashNumbers(h, c.Ints, func(b []byte, v int64) []byte { return binary.LittleEndian.AppendUint64(b, uint64(v)) })
		for _, shorts := range [][]int32{c.Shorts, c.Dates, c.Codes, c.Texts.Offsets} {
			hashNumbers(h, shorts, func(b []byte, v int32) []byte { return binary.LittleEndian.AppendUint32(b, uint32(v)) })
		}
		h.Write(c.Texts.Bytes)
		for _, flags := range [][]bool{c.Bools, c.Null} {
			hashNumbers(h, flags, func(b []byte, v bool) []byte {
				if v {
					return append(b, 1)
				}
				return append(b, 0)
			})
		}
	}
}

// hashNumbers adds how many values there are, and each of them as put writes it.
func hashNumbers[T any](h hash.Hash, values []T, put func([]byte, T) []byte) {
	buffer := binary.LittleEndian.AppendUint64(make([]byte, 0, 1<<15+16), uint64(len(values)))
	for _, v := range values {
		if buffer = put(buffer, v); len(buffer) >= 1<<15 {
			h.Write(buffer)
			buffer = buffer[:0]
		}
	}
	h.Write(buffer)
}
