package evaluate

import (
	"math"
	"slices"

	"clientele/models/stat"
)

// Ranked says how well scores put those customers first to whom the event
// happened. Only the order of scores counts.
type Ranked struct {
	N                int
	Events           int
	Rate             float64 // Events / N
	AUC              float64 // probability that an event's score is above another customer's, ties counted half
	AveragePrecision float64 // precision at falling thresholds, weighted by the gain in recall, as scikit-learn has it
	Lift10           float64 // rate among the tenth with the highest scores, over Rate
	Lift20           float64
	Capture10        float64 // share of all events that the highest tenth has
	Capture20        float64
}

// Ranking measures scores of which the highest should have the events.
func Ranking(score []float64, event []bool) Ranked {
	return newRanking(score, event).ranked()
}

func (r *ranking) ranked() Ranked {
	m := Ranked{N: len(r.at), Events: r.events, Rate: float64(r.events) / float64(len(r.at))}
	ones := r.ones()
	t := r.tally(ones)
	m.AUC, m.AveragePrecision = t.auc, t.precision
	m.Capture10, m.Capture20 = r.capture(ones, t, 0.1), r.capture(ones, t, 0.2)
	m.Lift10, m.Lift20 = m.Capture10/0.1, m.Capture20/0.2
	return m
}

// AUC is the area under the ROC curve: the probability that a customer with
// the event has a higher score than one without, ties counted half
// (Mann-Whitney). NaN where the event happened to nobody or to everybody.
func AUC(score []float64, event []bool) float64 {
	return newRanking(score, event).ranked().AUC
}

// Capture is the share of all events found among the given share (0 to 1) of
// customers with the highest scores. Customers with a score that the boundary
// cuts through are taken in part: their events count in proportion, which is
// what picking among them at random gives on average. So a rule that gives
// everybody the same score captures its share and no more, whatever the order of rows.
func Capture(score []float64, event []bool, share float64) float64 {
	r := newRanking(score, event)
	return r.capture(r.ones(), r.tally(r.ones()), share)
}

// ranking holds customers by falling score.
type ranking struct {
	at     []int32 // customers
	code   []uint8 // of each place: isEvent, isLast
	events int
	broken bool // a score is missing
}

const (
	isEvent = 1 << iota // the event happened
	isLast              // the last of its score
)

func newRanking(score []float64, event []bool) *ranking {
	same(len(score), len(event))
	r := &ranking{at: make([]int32, len(score)), code: make([]uint8, len(score))}
	list := make([]scored, len(score))
	for i, s := range score {
		list[i] = scored{falling(s), int32(i)}
		r.broken = r.broken || math.IsNaN(s)
		if event[i] {
			r.events++
		}
	}
	list, _ = stat.SortByUint(1, list, make([]scored, len(list)), func(s scored) uint64 { return s.key })
	for k, s := range list {
		r.at[k] = s.customer
	}
	for k, i := range r.at {
		if event[i] {
			r.code[k] |= isEvent
		}
		if k == len(r.at)-1 || score[r.at[k+1]] != score[i] {
			r.code[k] |= isLast
		}
	}
	return r
}

// scored is a customer with a number that sorts scores.
type scored struct {
	key      uint64
	customer int32
}

// falling is a number that is the less, the higher the score.
func falling(score float64) uint64 {
	bits := math.Float64bits(score + 0) // no -0
	if bits>>63 == 0 {
		return ^bits &^ (1 << 63)
	}
	return bits
}

// ones counts every customer once.
func (r *ranking) ones() []uint8 { return slices.Repeat([]uint8{1}, len(r.at)) }

// tally is what one pass over a ranking gives.
type tally struct {
	auc, precision float64
	events, total  uint64
}

// tally measures the ranking where customer i counts weight[i] times. There is
// no branch on weights and events, which are random.
func (r *ranking) tally(weight []uint8) tally {
	var found, passed uint64 // events and customers of higher scores
	var hits, all uint64     // of this score so far
	var area uint64          // twice the pairs in the right order
	var precision float64
	for k, i := range r.at {
		w, code := uint64(weight[i]), r.code[k]
		all += w
		hits += w & -uint64(code&isEvent)
		if code&isLast == 0 {
			continue
		}
		area += (all - hits) * (2*found + hits)
		found += hits
		passed += all
		precision += float64(hits) * float64(found) / float64(max(passed, 1))
		hits, all = 0, 0
	}
	if r.broken {
		return tally{auc: math.NaN(), precision: math.NaN(), events: found, total: passed}
	}
	return tally{
		auc:       float64(area) / 2 / (float64(found) * float64(passed-found)),
		precision: precision / float64(found),
		events:    found,
		total:     passed,
	}
}

// area is the AUC of tally alone.
func (r *ranking) area(weight []uint8) float64 {
	if r.broken {
		return math.NaN()
	}
	var found, passed, hits, all, area uint64
	for k, i := range r.at {
		w, code := uint64(weight[i]), r.code[k]
		all += w
		hits += w & -uint64(code&isEvent)
		if code&isLast == 0 {
			continue
		}
		area += (all - hits) * (2*found + hits)
		found += hits
		passed += all
		hits, all = 0, 0
	}
	return float64(area) / 2 / (float64(found) * float64(passed-found))
}

// capture returns the share of events among the first share of the customers
// that t counted.
func (r *ranking) capture(weight []uint8, t tally, share float64) float64 {
	if r.broken || t.events == 0 {
		return math.NaN()
	}
	return r.first(weight, share*float64(t.total)) / float64(t.events)
}

// first returns the events among the first limit customers.
func (r *ranking) first(weight []uint8, limit float64) float64 {
	var found, passed, hits, all uint64
	for k, i := range r.at {
		w, code := uint64(weight[i]), r.code[k]
		all += w
		hits += w & -uint64(code&isEvent)
		if code&isLast == 0 {
			continue
		}
		if rest := limit - float64(passed); float64(all) >= rest {
			if all == 0 {
				return float64(found)
			}
			return float64(found) + float64(hits)*rest/float64(all)
		}
		found += hits
		passed += all
		hits, all = 0, 0
	}
	return float64(found)
}

// Decile is a tenth of the customers, the first with the highest scores.
// Customers of one score that several deciles share are split in proportion,
// with their events, so Events may be a fraction.
type Decile struct {
	Decile            int     // 1 to 10
	N                 float64 // customers: a tenth of all
	Events            float64
	Rate              float64 // Events / N
	Lift              float64 // Rate over that of all
	MeanScore         float64
	Capture           float64 // share of all events
	CumulativeCapture float64 // of this decile and those before
	CumulativeLift    float64
}

// Deciles returns ten rows, nil where there are no customers, a score is
// missing or the event happened to nobody.
func Deciles(score []float64, event []bool) []Decile {
	r := newRanking(score, event)
	if r.broken || r.events == 0 {
		return nil
	}
	n := float64(len(r.at))
	out := make([]Decile, 10)
	for d := range out {
		out[d] = Decile{Decile: d + 1, N: n / 10}
	}
	for from := 0; from < len(r.at); {
		to, hits := from, 0
		for ; ; to++ {
			if r.code[to]&isEvent != 0 {
				hits++
			}
			if r.code[to]&isLast != 0 {
				break
			}
		}
		to++
		r.share(out, float64(from)/n*10, float64(to)/n*10, float64(hits), score[r.at[from]])
		from = to
	}
	var captured float64
	for d := range out {
		o := &out[d]
		o.Rate = o.Events / o.N
		o.Capture = o.Events / float64(r.events)
		o.Lift = o.Capture * 10
		o.MeanScore /= o.N
		captured += o.Capture
		o.CumulativeCapture = captured
		o.CumulativeLift = captured / float64(d+1) * 10
	}
	return out
}

// share spreads customers of one score, from and to in tenths of all, over the deciles.
func (r *ranking) share(out []Decile, from, to, hits, score float64) {
	for d := int(from); d < 10 && float64(d) < to; d++ {
		part := min(to, float64(d+1)) - max(from, float64(d))
		if part <= 0 {
			continue
		}
		out[d].Events += hits * part / (to - from)
		out[d].MeanScore += score * part * out[d].N
	}
}
