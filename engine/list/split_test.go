package list

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"clientele/engine/table"
)

func key() []byte { return []byte("0123456789abcdef0123456789abcdef") }

func people(n int) table.Strings {
	s := table.Strings{Offsets: []int32{0}}
	for i := range n {
		s.AppendString(fmt.Sprintf("C%06d", i))
	}
	return s
}

// The hash is HMAC-SHA256 as the standard library has it, worked out here by hand.
func TestHash(t *testing.T) {
	mac := hmac.New(sha256.New, key())
	mac.Write([]byte("\x07control\x06springC000001"))
	want := binary.BigEndian.Uint64(mac.Sum(nil)[:8])
	if got := Hash(key(), campaign, "spring", []byte("C000001")); got != want {
		t.Errorf("%x, want %x", got, want)
	}
	ids := people(40_000)
	for _, workers := range []int{1, 3} {
		dst := make([]uint64, ids.Len())
		HashTo(dst, key(), campaign, "spring", &ids, workers)
		for i, h := range dst {
			if h != Hash(key(), campaign, "spring", ids.At(i)) {
				t.Fatalf("%d workers, id %d", workers, i)
			}
		}
	}
	if Hash(key(), campaign, "ab", []byte("c")) == Hash(key(), campaign, "a", []byte("bc")) {
		t.Error("texts run into each other")
	}
}

// The share of the universal control is met within four standard errors, depends on
// nothing but key and id, and only grows with the share.
func TestUniversal(t *testing.T) {
	ids := people(100_000)
	before := make([]bool, ids.Len())
	for _, share := range []float64{0, 0.01, 0.05, 0.5} {
		in := make([]bool, ids.Len())
		UniversalTo(in, key(), &ids, share, 2)
		n := 0
		for i := range in {
			if in[i] {
				n++
			}
			if before[i] && !in[i] {
				t.Fatal("a greater share has let somebody go")
			}
		}
		if se := math.Sqrt(share * (1 - share) * float64(len(in))); math.Abs(float64(n)-share*float64(len(in))) > 4*se {
			t.Errorf("share %g: %d of %d", share, n, len(in))
		}
		before = in
	}
	other := make([]bool, ids.Len())
	UniversalTo(other, []byte("another key"), &ids, 0.5, 0)
	if slices.Equal(other, before) {
		t.Error("another key, the same customers")
	}
}

func count(arms []Arm) (treated, control, beyond int) {
	for _, a := range arms {
		switch a {
		case InTreatment:
			treated++
		case InControl:
			control++
		default:
			beyond++
		}
	}
	return
}

// A shorter list of the same campaign is the beginning of a longer one.
func TestLimitWalksDownTheRanking(t *testing.T) {
	ids := people(20_000)
	whole := Draw{Key: key(), Seed: "spring", IDs: ids, Share: 0.1}.Assign()
	treated, control, beyond := count(whole)
	if treated+control != 20_000 || beyond != 0 || math.Abs(float64(control)-2000) > 4*math.Sqrt(1800) {
		t.Errorf("%d treated, %d control, %d beyond", treated, control, beyond)
	}
	short := Draw{Key: key(), Seed: "spring", IDs: ids, Share: 0.1, Limit: 5000}.Assign()
	treated, control, beyond = count(short)
	if treated != 5000 || control+beyond != 15_000 {
		t.Errorf("%d treated, %d control, %d beyond", treated, control, beyond)
	}
	end := 5000 + control
	if !slices.Equal(short[:end], whole[:end]) || slices.ContainsFunc(short[end:], func(a Arm) bool { return a != Beyond }) {
		t.Error("the short list is not the beginning of the long one")
	}
	if short[end-1] != InTreatment {
		t.Error("the list goes on after the last treated one")
	}
	if none, _, _ := count(Draw{Key: key(), IDs: ids}.Assign()); none != 20_000 {
		t.Error("a control group that nobody asked for")
	}
	if same := (Draw{Key: key(), Seed: "autumn", IDs: ids, Share: 0.1}.Assign()); slices.Equal(same, whole) {
		t.Error("another campaign, the same control group")
	}
}

// Strata: every one has its share but for rounding, with small ones too; nothing
// depends on how many goroutines there are; who was drawn before keeps the arm.
func TestAssignProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 400).Draw(t, "n")
		k := rapid.IntRange(1, 8).Draw(t, "strata")
		d := Draw{Key: key(), Seed: rapid.String().Draw(t, "seed"), IDs: people(n), Share: rapid.Float64Range(0, 0.9).Draw(t, "share"), Limit: rapid.Int64Range(0, 300).Draw(t, "limit")}
		d.Labels = make([]string, k)
		for i := range d.Labels {
			d.Labels[i] = fmt.Sprint("s", i)
		}
		d.Strata = make([]int32, n)
		for i := range d.Strata {
			d.Strata[i] = int32(rapid.IntRange(0, k-1).Draw(t, "stratum"))
		}
		plain := d
		plain.Strata = nil
		if rapid.Bool().Draw(t, "drawn before") {
			d.Prior = make([]Arm, n)
			for i := range d.Prior {
				d.Prior[i] = Arm(rapid.IntRange(0, 2).Draw(t, "prior"))
			}
			plain.Prior = d.Prior
		}
		for _, d := range []Draw{d, plain} {
			arms := d.Assign()
			d.Workers = 3
			if !slices.Equal(arms, d.Assign()) {
				t.Fatal("two draws differ")
			}
			again := d
			if again.Prior = arms; !slices.Equal(arms, again.Assign()) {
				t.Fatalf("cut anew it is %v, and was %v", again.Assign(), arms)
			}
			treated, control, beyond := count(arms)
			if d.Limit > 0 && treated > int(d.Limit) || beyond > 0 && treated != int(d.Limit) {
				t.Fatalf("%d treated, limit %d, %d beyond", treated, d.Limit, beyond)
			}
			if slices.ContainsFunc(arms[treated+control:], func(a Arm) bool { return a != Beyond }) {
				t.Fatal("the list is not the beginning of the ranking")
			}
			for i, a := range arms {
				if d.Prior != nil && d.Prior[i] != Beyond && a != Beyond && a != d.Prior[i] {
					t.Fatalf("customer %d was %d before and is %d", i, d.Prior[i], a)
				}
			}
			if d.Strata == nil || d.Prior != nil {
				continue
			}
			for s := range d.Labels {
				all, kept := 0, 0
				for i, a := range arms {
					if int(d.Strata[i]) == s && a != Beyond {
						all++
						if a == InControl {
							kept++
						}
					}
				}
				if share := d.Share * float64(all); float64(kept) < math.Floor(share) || float64(kept) > math.Floor(share)+1 {
					t.Fatalf("stratum %d: %d of %d kept back, share %g", s, kept, all, d.Share)
				}
			}
		}
	})
}

// Within a stratum the control group is those with the lowest hashes; over many
// strata of one customer each the share is met all the same.
func TestStrata(t *testing.T) {
	ids := people(1000)
	d := Draw{Key: key(), Seed: "spring", IDs: ids, Share: 0.25, Strata: make([]int32, 1000), Labels: []string{"a", "b"}}
	for i := range d.Strata {
		d.Strata[i] = int32(i % 2)
	}
	arms := d.Assign()
	for s := range int32(2) {
		highest, lowest := uint64(0), uint64(math.MaxUint64)
		for i, a := range arms {
			if h := Hash(key(), campaign, "spring", ids.At(i)); d.Strata[i] == s && a == InControl {
				highest = max(highest, h)
			} else if d.Strata[i] == s {
				lowest = min(lowest, h)
			}
		}
		if highest >= lowest {
			t.Errorf("stratum %d: a control customer has hash %x, a treated one %x", s, highest, lowest)
		}
	}
	single := Draw{Key: key(), Seed: "spring", IDs: people(10_000), Share: 0.1}
	for i := range 10_000 {
		single.Strata, single.Labels = append(single.Strata, int32(i)), append(single.Labels, fmt.Sprint(i))
	}
	if _, control, _ := count(single.Assign()); math.Abs(float64(control)-1000) > 4*30 {
		t.Errorf("%d of 10,000 strata of one have a control customer, want about 1,000", control)
	}
}

func BenchmarkHashTo(b *testing.B) {
	ids := people(1 << 17)
	dst := make([]uint64, ids.Len())
	b.ReportAllocs()
	for b.Loop() {
		HashTo(dst, key(), campaign, "spring", &ids, 1)
	}
	b.ReportMetric(float64(b.N)*float64(len(dst))/b.Elapsed().Seconds(), "rows/s")
}
