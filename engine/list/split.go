package list

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"

	"clientele/engine/table"
	"clientele/models/stat"
)

// What a hash is for: hashes of different purposes have nothing in common.
const (
	universal = "universal control"
	campaign  = "control"
	quota     = "quota"
)

// hashChunk is how many ids are hashed at a time.
const hashChunk = 1 << 14

// Hash is the number that a key gives an id for a purpose, the first 8 bytes of
// HMAC-SHA256: without the key nobody can tell it, and it is the same every time.
func Hash(key []byte, purpose, seed string, id []byte) uint64 {
	mac := hmac.New(sha256.New, key)
	mac.Write(append(prefix(purpose, seed), id...))
	return binary.BigEndian.Uint64(mac.Sum(nil))
}

// prefix is what is hashed before the id. Lengths stand before the texts, so that
// no two pairs are the same.
func prefix(purpose, seed string) []byte {
	b := binary.AppendUvarint(nil, uint64(len(purpose)))
	b = append(b, purpose...)
	b = binary.AppendUvarint(b, uint64(len(seed)))
	return append(b, seed...)
}

// HashTo writes the Hash of each id to dst.
func HashTo(dst []uint64, key []byte, purpose, seed string, ids *table.Strings, workers int) {
	chunks := (len(dst) + hashChunk - 1) / hashChunk
	stat.Each(workers, chunks, func(c int) {
		mac, before := hmac.New(sha256.New, key), prefix(purpose, seed)
		sum := make([]byte, 0, sha256.Size)
		for i := c * hashChunk; i < min((c+1)*hashChunk, len(dst)); i++ {
			mac.Reset()
			mac.Write(before)
			mac.Write(ids.At(i))
			sum = mac.Sum(sum[:0])
			dst[i] = binary.BigEndian.Uint64(sum)
		}
	})
}

// Below reports whether a hash is among the lowest share of all hashes; share is
// in [0,1].
func Below(hash uint64, share float64) bool {
	return share >= 1 || float64(hash) < math.Ldexp(share, 64)
}

// UniversalTo writes to dst which customers are in the universal control group, the
// share of all customers that is contacted by no campaign. It depends on the key
// and the id alone, and a greater share only adds customers.
func UniversalTo(dst []bool, key []byte, ids *table.Strings, share float64, workers int) {
	hashes := make([]uint64, len(dst))
	HashTo(hashes, key, universal, "", ids, workers)
	for i, h := range hashes {
		dst[i] = Below(h, share)
	}
}

// Fingerprint names a key without telling it.
func Fingerprint(key []byte) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

// Arm is what becomes of a customer who got as far as the ranking.
type Arm int8

// The arms. Beyond are those below the limit.
const (
	Beyond Arm = iota
	InTreatment
	InControl
)

// Draw says how ranked customers are divided. Zero values: no control group, no
// limit, no strata, nobody drawn before.
type Draw struct {
	Key     []byte
	Seed    string        // the campaign: its customers keep their arms over lists
	IDs     table.Strings // customers, best ranked first
	Share   float64       // of the control group, in [0,1)
	Limit   int64         // treated at most; 0: no limit
	Strata  []int32       // of each customer, into Labels; nil: one stratum
	Labels  []string      // of the strata
	Prior   []Arm         // arms in earlier lists of the campaign: InTreatment, InControl, or Beyond for none; nil: none
	Workers int           // goroutines; 0: one for each processor
}

// Assign divides customers: it walks down the ranking until the limit of treated
// ones is met, and those who are drawn into the control group on the way are the
// control group.
//
// Without strata a customer's hash alone says which arm it is. With strata each
// has the lowest hashes of its customers on the list as its control group, the
// share of them rounded down or up by a draw of the stratum's own, so that many
// small strata have the share together. Who was drawn before keeps the arm.
func (d Draw) Assign() []Arm {
	n := d.IDs.Len()
	hashes := make([]uint64, n)
	if d.Share > 0 {
		HashTo(hashes, d.Key, campaign, d.Seed, &d.IDs, d.Workers)
	}
	if d.Strata == nil {
		return d.plain(hashes)
	}
	return d.stratified(hashes)
}

func (d Draw) plain(hashes []uint64) []Arm {
	arms := make([]Arm, len(hashes))
	treated := int64(0)
	for i, h := range hashes {
		if d.Limit > 0 && treated == d.Limit {
			break
		}
		arms[i] = d.prior(i)
		if arms[i] == Beyond {
			arms[i] = InTreatment
			if d.Share > 0 && Below(h, d.Share) {
				arms[i] = InControl
			}
		}
		if arms[i] == InTreatment {
			treated++
		}
	}
	return arms
}

func (d Draw) prior(i int) Arm {
	if d.Prior == nil {
		return Beyond
	}
	return d.Prior[i]
}

// stratum counts the customers of one stratum among those walked over.
type stratum struct {
	offset         float64 // in [0,1): what its share is rounded by
	all            int64
	treated, kept  int64 // drawn before
	drawn          int64 // control customers in all
	candidateAt    []int // customers not drawn before
	candidateLimit int64 // how many of these are control customers
}

// control is how many control customers a stratum has. When a customer is added it
// grows by one at most, so the number of treated ones never falls.
func (s *stratum) control(share float64) int64 {
	return max(s.kept, min(int64(share*float64(s.all)+s.offset), s.all-s.treated))
}

func (d Draw) stratified(hashes []uint64) []Arm {
	strata := make([]stratum, len(d.Labels))
	for k := range strata {
		strata[k].offset = float64(Hash(d.Key, quota, d.Seed, []byte(d.Labels[k]))>>11) / (1 << 53)
	}
	arms := make([]Arm, len(hashes))
	treated := int64(0)
	for i := range hashes {
		s := strata[d.Strata[i]]
		s.all++
		arm := d.prior(i)
		switch arm {
		case InTreatment:
			s.treated++
		case InControl:
			s.kept++
		}
		before := s.drawn
		s.drawn = s.control(d.Share)
		// Past the limit those go on the list who were kept back before: the last of a
		// list may be of its control group, and stay so when it is cut anew.
		full := d.Limit > 0 && treated == d.Limit
		if treated += 1 - (s.drawn - before); full && (arm != InControl || treated > d.Limit) {
			break
		}
		if arms[i] = arm; arm == Beyond {
			s.candidateAt = append(s.candidateAt, i)
		}
		strata[d.Strata[i]] = s
	}
	for k := range strata {
		s := &strata[k]
		s.candidateLimit = s.drawn - s.kept
		slices.SortFunc(s.candidateAt, func(a, b int) int {
			if hashes[a] != hashes[b] {
				if hashes[a] < hashes[b] {
					return -1
				}
				return 1
			}
			return a - b
		})
		for j, i := range s.candidateAt {
			arms[i] = InTreatment
			if int64(j) < s.candidateLimit {
				arms[i] = InControl
			}
		}
	}
	return arms
}
