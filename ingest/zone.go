package ingest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// zone is a time zone as a table of its offsets, so that a row costs no more
// than a comparison while it falls into the same stretch as the row before.
//
// Local times that a zone leaves out (clocks going forward) are moved forward
// by the length of the gap: 02:30 is read as 03:30. Local times that occur
// twice (clocks going back) are the first of the two.
type zone struct {
	ends    []int64 // UTC second at which stretch i ends; one fewer than offsets
	offsets []int64 // seconds east of UTC in stretch i
	bounds  []int64 // local second at which stretch i ends: ends[i] plus the greater of the offsets around it
}

// newZone tabulates a location from 1890 to 2150.
func newZone(loc *time.Location) *zone {
	z := &zone{}
	last := time.Date(2150, 1, 1, 0, 0, 0, 0, time.UTC)
	for t := time.Date(1890, 1, 1, 0, 0, 0, 0, time.UTC).In(loc); ; {
		if _, offset := t.Zone(); len(z.offsets) == 0 {
			z.offsets = append(z.offsets, int64(offset))
		} else if int64(offset) != z.offsets[len(z.offsets)-1] {
			z.offsets, z.ends = append(z.offsets, int64(offset)), append(z.ends, t.Unix())
		}
		_, end := t.ZoneBounds()
		if end.IsZero() || end.After(last) {
			break
		}
		if !end.After(t) {
			// On the last day of leap years that a zone's rule covers, Go 1.26 says
			// that the stretch ends where it is asked.
			end = t.AddDate(0, 0, 1)
		}
		t = end.In(loc)
	}
	for i, end := range z.ends {
		z.bounds = append(z.bounds, end+max(z.offsets[i], z.offsets[i+1]))
	}
	return z
}

// timesOf is the zone of the times of day of the file's facts, as its first rows tell:
// the offsets that they name, else the zone in which they are read; "" for the
// business zone, and where there are days only.
func (f *File) timesOf() string {
	const enough = 1000 // rows
	at := slices.IndexFunc(f.plan.columns, func(c column) bool { return c.typ == typeInstant && c.target != "updated_at" })
	if at < 0 {
		return ""
	}
	c := &f.plan.columns[at]
	seen, plain, rows := map[int64]bool{}, c.target == "ordered_at" && f.plan.has("ordered_time"), 0
	for _, b := range f.input.held {
		for r := 0; r < b.Rows() && rows < enough; r, rows = r+1, rows+1 {
			var m moment
			if c.moment(cell(b, r, c.index), &m) != "" || !m.timed {
				continue
			}
			plain = plain || !m.zoned
			if m.zoned {
				seen[m.offset] = true
			}
		}
	}
	if plain || len(seen) == 0 {
		if plain {
			return c.zoneName
		}
		return ""
	}
	var names []string
	for _, offset := range slices.Sorted(maps.Keys(seen)) {
		names = append(names, offsetName(offset))
	}
	return strings.Join(names[:min(len(names), 3)], ", ")
}

// offsetName is UTC+08:00 of seconds east of UTC, and UTC of none.
func offsetName(seconds int64) string {
	sign := '+'
	if seconds == 0 {
		return "UTC"
	}
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	return fmt.Sprintf("UTC%c%02d:%02d", sign, seconds/3600, seconds/60%60)
}

const (
	farPast   = -1 << 62
	farFuture = 1 << 62
	daySecs   = 86400
)

// cursor is a zone with the stretch that was used last. It belongs to one goroutine.
type cursor struct {
	*zone
	lo, hi, offset    int64 // local seconds [lo, hi) are offset east of UTC
	ulo, uhi, uoffset int64 // the same for UTC seconds
}

func (z *zone) cursor() cursor { return cursor{zone: z} }

// utc returns the UTC second of a local second.
func (c *cursor) utc(local int64) int64 {
	if local >= c.lo && local < c.hi {
		return local - c.offset
	}
	i, _ := slices.BinarySearchFunc(c.bounds, local, func(bound, l int64) int {
		if bound <= l {
			return -1
		}
		return 1
	})
	c.offset, c.lo, c.hi = c.offsets[i], farPast, farFuture
	if i > 0 {
		c.lo = c.bounds[i-1]
	}
	if i < len(c.bounds) {
		c.hi = c.bounds[i]
	}
	return local - c.offset
}

// day returns the local date of a UTC second, days since 1970-01-01.
func (c *cursor) day(utc int64) int32 {
	if utc < c.ulo || utc >= c.uhi {
		i, _ := slices.BinarySearchFunc(c.ends, utc, func(end, u int64) int {
			if end <= u {
				return -1
			}
			return 1
		})
		c.uoffset, c.ulo, c.uhi = c.offsets[i], farPast, farFuture
		if i > 0 {
			c.ulo = c.ends[i-1]
		}
		if i < len(c.ends) {
			c.uhi = c.ends[i]
		}
	}
	return int32(floorDiv(utc+c.uoffset, daySecs))
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
