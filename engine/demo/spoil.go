package demo

import (
	"bytes"
	"hash/fnv"
)

// spoilage says how rows of one kind of file go bad: each way by itself makes a
// row that cannot be loaded.
type spoilage struct {
	date, money int // columns of a CSV row; money -1: none to spoil
	word        string
	keys        [2]string // of a JSON object: date, money; "" none
}

// The ways of going bad.
const (
	badDay    = iota // a month 13
	cutOff           // the row ends in the middle
	badNumber        // words instead of money
	waysToSpoil
)

// spoil appends a bad copy of the row just written, where one is due: one row in
// 2,000. from is where e.buf held the row, or rows, before it.
func (e *encoder) spoil(from int, s spoilage) {
	if e.bad += 1.0 / 2000; e.bad < 1 {
		return
	}
	e.bad--
	if e.badly == 0 { // files begin with different ways
		h := fnv.New64a()
		h.Write([]byte(e.file.Path))
		e.badly = int(mix(h.Sum64()+e.world.seed) % waysToSpoil)
	}
	way := e.badly % waysToSpoil
	e.badly++
	row := e.buf[from:]
	if i := bytes.LastIndexByte(row[:len(row)-1], '\n'); i >= 0 {
		row = row[i+1:]
	}
	if s.keys[0] != "" {
		e.buf = appendBadObject(e.buf, row, way, s)
	} else {
		e.buf = appendBadRow(e.buf, row, way, s)
	}
	e.file.Rows++
	e.file.Rejected++
}

// appendBadRow appends a CSV row gone bad.
func appendBadRow(b, row []byte, way int, s spoilage) []byte {
	end := bytes.TrimRight(row, "\r\n")
	eol := row[len(end):]
	switch {
	case way == cutOff || way == badNumber && s.money < 0:
		_, to := field(end, s.date)
		return append(append(b, end[:to]...), eol...)
	case way == badNumber:
		from, to := field(end, s.money)
		b = append(append(b, end[:from]...), s.word...)
		return append(append(b, end[to:]...), eol...)
	}
	n := len(b)
	b = append(b, row...)
	from, _ := field(end, s.date)
	copy(b[n+from+5:], "13") // 2025-13-04
	return b
}

// field is where column c of a row stands.
func field(row []byte, c int) (from, to int) {
	quoted := false
	for i, x := range row {
		switch {
		case x == '"':
			quoted = !quoted
		case x == ',' && !quoted:
			if c == 0 {
				return from, i
			}
			c--
			from = i + 1
		}
	}
	return from, len(row)
}

// appendBadObject appends a line of JSON gone bad.
func appendBadObject(b, row []byte, way int, s spoilage) []byte {
	n := len(b)
	switch {
	case way == badNumber && s.keys[1] != "":
		i := bytes.Index(row, []byte(s.keys[1])) + len(s.keys[1])
		b = append(append(b, row[:i]...), s.word...)
		return append(b, row[i+bytes.IndexByte(row[i:], ','):]...)
	case way == badDay:
		b = append(b, row...)
		copy(b[n+bytes.Index(row, []byte(s.keys[0]))+len(s.keys[0])+6:], "13") // "2025-13-04
		return b
	}
	return append(append(b, row[:len(row)*3/5]...), '\n')
}
