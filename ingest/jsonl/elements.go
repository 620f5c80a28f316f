package jsonl

import "bytes"

// span is the place of an element in a block.
type span struct{ start, end uint32 }

// elements finds where values end that stand one after the other, or in an
// array: it counts brackets outside strings and leaves it to the parser to say
// what is wrong inside a value. Commas and blanks between values are passed over,
// however many there are; an array may follow another.
type elements struct {
	shape
	most int // elements of a block; 0: any number

	pos      int // bytes looked at
	depth    int
	inString bool
	escaped  bool // the last byte looked at is a backslash in a string
	start    int  // of the element that is being read; -1: none
	spans    []span
	seen     int // bytes that lastEnd has last said to be whole

	closed bool // the array has ended: what follows is what stands around it
	left   int  // of that, objects that are still open
	after  bool // [ came last
	more   bool // an array of objects stands behind the one that is read
	stray  byte // the first byte behind the end of everything; 0: none
}

// lastEnd is the LastEnd of the file's blocks.
func (e *elements) lastEnd(data []byte) int {
	e.scan(data)
	if e.seen = e.pos; e.start >= 0 {
		e.seen = e.start
	}
	return e.seen
}

// taken forgets a block of n bytes and returns its elements.
func (e *elements) taken(n int) []span {
	spans := e.spans
	e.spans = nil
	e.pos -= n
	if e.start >= 0 {
		e.start -= n
	}
	return spans
}

// scan goes on through data until it has found the most elements.
func (e *elements) scan(data []byte) {
	for ; e.pos < len(data) && (e.most == 0 || len(e.spans) < e.most); e.pos++ {
		switch c := data[e.pos]; {
		case e.inString:
			e.text(data)
		case e.closed:
			e.around(c)
		case c == '"':
			e.begin()
			e.inString = true
		case c == '{' || c == '[':
			if e.depth == 0 {
				e.end(e.pos) // of a word that nothing parts from what follows
			}
			e.begin()
			e.depth++
		case c == '}' || c == ']':
			e.bracket(c)
		case e.depth == 0 && (c == ',' || c == ' ' || c == '\t' || c == '\r' || c == '\n'):
			e.end(e.pos)
		case e.depth == 0:
			e.begin()
		}
	}
}

// begin notes that an element begins here, unless one is being read.
func (e *elements) begin() {
	if e.start < 0 {
		e.start = e.pos
	}
}

// end notes that the element that is being read, if there is one, ends at i.
func (e *elements) end(i int) {
	if e.start >= 0 {
		e.spans = append(e.spans, span{uint32(e.start), uint32(i)})
		e.start = -1
	}
}

// bracket takes a closing bracket: of something inside an element, of the
// array, or of nothing, which is then an element of its own, to be rejected.
func (e *elements) bracket(c byte) {
	switch {
	case e.depth > 1:
		e.depth--
	case e.depth == 1:
		e.depth = 0
		e.end(e.pos + 1)
	case c == ']' && e.array:
		e.end(e.pos)
		e.closed, e.left, e.after = true, e.open, false
	default:
		e.end(e.pos)
		e.begin()
		e.end(e.pos + 1)
	}
}

// text goes on to the last byte of a string.
func (e *elements) text(data []byte) {
	if e.escaped {
		e.escaped = false
		return
	}
	for {
		rest := data[e.pos:]
		quote := bytes.IndexByte(rest, '"')
		if quote < 0 {
			quote = len(rest)
		}
		slash := bytes.IndexByte(rest[:quote], '\\')
		switch {
		case slash >= 0 && e.pos+slash+1 == len(data):
			e.pos, e.escaped = len(data)-1, true
			return
		case slash >= 0 && e.pos+slash+2 == len(data):
			e.pos = len(data) - 1
			return
		case slash >= 0:
			e.pos += slash + 2
		case quote == len(rest):
			e.pos = len(data) - 1
			return
		default:
			e.pos += quote
			e.inString = false
			return
		}
	}
}

// around takes a byte outside strings of what stands behind the array.
func (e *elements) around(c byte) {
	blank := c == ' ' || c == '\t' || c == '\r' || c == '\n'
	switch {
	case blank:
		return
	case e.left == 0 && e.open == 0 && c == '[': // an array follows the array
		e.closed = false
		return
	case e.left == 0:
		if e.stray == 0 {
			e.stray = c
		}
	case c == '{' || c == '[':
		e.more = e.more || c == '{' && e.after
		e.left++
	case c == '}' || c == ']':
		e.left--
	}
	e.after = c == '['
	e.inString = c == '"'
}

// unfinished reports whether something is still open where the file ends. A
// word, which nothing needs to close, ends there.
func (e *elements) unfinished(length int) bool {
	if e.depth == 0 && !e.inString {
		e.end(length)
	}
	return e.start >= 0 || e.inString || e.array && (!e.closed || e.left > 0)
}
