package jsonl

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// node is the keys of an object, in the order in which they were first seen.
// Objects of one file mostly have the same keys in the same order, so the key
// after the last one is tried first and the map hardly ever asked.
type node struct {
	fields []field
	index  map[string]int
}

type field struct {
	name   string
	column int   // of a value that is not an object; -1 when there is none
	scalar bool  // when columns are collected: had such a value, and not only null
	inside *node // keys of a value that is an object; nil when there are none
}

func (n *node) add(name string) int {
	if n.index == nil {
		n.index = map[string]int{}
	}
	i := len(n.fields)
	n.index[name] = i
	n.fields = append(n.fields, field{name: name, column: -1})
	return i
}

// maxDepth is how deep values may be nested.
const maxDepth = 500

var (
	errNotObject = errors.New("is not a JSON object")
	errCut       = errors.New("not JSON: the line ends too early")
	errUTF8      = errors.New("row is not valid UTF-8")
	errNUL       = errors.New("row holds a NUL character")
	errDepth     = errors.New("values are nested too deep")
)

func errChar(c byte, where string) error { return fmt.Errorf("not JSON: unexpected %q %s", c, where) }

// parser reads one line after the other.
type parser struct {
	keys *node

	// When columns are looked for: says that a row has one that is not known yet.
	probe, news bool

	// When columns are collected:
	grow   bool
	names  []string
	byName map[string]int
	size   int // bytes of all names

	// When cells are:
	columns    int
	out        []byte // what cells point into
	start, end []uint32
	base       int // index of the row's first cell; its line's place in out
	offset     int
	late       map[string]int64
	unknown    []string // keys of this line that have no column, lateKeys at most
	many       bool     // there are more
	lost       int64    // lines that have more

	text []byte // the line
	i    int    // next byte of it
	key  []byte // for keys with escapes
	path []string
}

// row reads one line as a row of cells; offset is the line's place in out.
// After an error nothing of the row remains.
func (p *parser) row(line []byte, offset int) error {
	p.base, p.offset = len(p.start), offset
	for range p.columns {
		p.start, p.end = append(p.start, 1), append(p.end, 0)
	}
	p.unknown, p.many = p.unknown[:0], false
	kept := len(p.out)
	if err := p.object(line); err != nil {
		p.start, p.end, p.out = p.start[:p.base], p.end[:p.base], p.out[:kept]
		return err
	}
	for i, name := range p.unknown {
		if !slices.Contains(p.unknown[:i], name) {
			p.late[name]++
		}
	}
	if p.many {
		p.lost++
	}
	return nil
}

// lateKeys is how many keys without a column are remembered of a row, and of a file.
const lateKeys = 100

// object reads a line that must be one object and nothing else.
func (p *parser) object(line []byte) error {
	p.text, p.i, p.path = line, 0, p.path[:0]
	if !utf8.Valid(line) {
		return errUTF8
	}
	p.space()
	if p.i < len(line) && line[p.i] != '{' {
		// Said of anything that is JSON but no object; otherwise what is wrong with it.
		if err := p.skipValue(0); err != nil {
			return err
		}
		return errNotObject
	}
	if err := p.members(p.keys, 0); err != nil {
		return err
	}
	p.space()
	if p.i < len(line) {
		return errChar(line[p.i], "after the object")
	}
	return nil
}

func (p *parser) space() {
	for p.i < len(p.text) {
		switch p.text[p.i] {
		case ' ', '\t', '\r', '\n':
			p.i++
		default:
			return
		}
	}
}

// next returns the next byte that is not space, without taking it.
func (p *parser) next() (byte, error) {
	p.space()
	if p.i == len(p.text) {
		return 0, errCut
	}
	return p.text[p.i], nil
}

// members reads an object whose { comes next. n may be nil: none of its keys
// has a column.
func (p *parser) members(n *node, depth int) error {
	if depth > maxDepth {
		return errDepth
	}
	p.i++
	c, err := p.next()
	if err != nil {
		return err
	}
	if c == '}' {
		p.i++
		return nil
	}
	for guess := 0; ; guess++ {
		if c != '"' {
			return errChar(c, "where a key should begin")
		}
		name, err := p.keyText()
		if err != nil {
			return err
		}
		if c, err = p.next(); err != nil {
			return err
		}
		if c != ':' {
			return errChar(c, "after a key")
		}
		p.i++
		f := p.lookup(n, name, &guess)
		if err := p.value(f, name, depth); err != nil {
			return err
		}
		if c, err = p.next(); err != nil {
			return err
		}
		p.i++
		if c == '}' {
			return nil
		}
		if c != ',' {
			return errChar(c, "after a value")
		}
		if c, err = p.next(); err != nil {
			return err
		}
	}
}

// lookup finds a key among those of n, trying *guess first.
func (p *parser) lookup(n *node, name []byte, guess *int) *field {
	if n == nil {
		return nil
	}
	if *guess < len(n.fields) && n.fields[*guess].name == string(name) {
		return &n.fields[*guess]
	}
	i, ok := n.index[string(name)]
	if !ok {
		if !p.grow {
			return nil
		}
		i = n.add(string(name))
	}
	*guess = i
	return &n.fields[i]
}

// value reads the value of a key; f is the key's field, nil when it has none.
func (p *parser) value(f *field, name []byte, depth int) error {
	c, err := p.next()
	if err != nil {
		return err
	}
	if c == '{' {
		var inside *node
		if f != nil {
			if f.inside == nil && p.grow {
				f.inside = new(node)
			}
			inside = f.inside
		}
		p.news = p.news || inside == nil
		if f != nil {
			p.path = append(p.path, f.name)
		} else {
			p.path = append(p.path, string(name))
		}
		err := p.members(inside, depth+1)
		p.path = p.path[:len(p.path)-1]
		return err
	}
	var late string // while name, which may be p.key, is still what it was
	homeless := f == nil || f.column < 0
	if homeless && !p.grow && !p.probe && len(p.unknown) < lateKeys {
		late = p.short(name)
	}
	from, to, rewritten, err := p.scalar(c, depth)
	if err != nil {
		return err
	}
	null := c == 'n' || from == nothing
	switch {
	case p.probe:
		p.news = p.news || homeless || !f.scalar && !null
	case p.grow:
		p.column(f)
		f.scalar = f.scalar || !null
	case homeless && null:
	case homeless && len(p.unknown) == lateKeys:
		p.many = true
	case homeless:
		p.unknown = append(p.unknown, late)
	case null:
		p.start[p.base+f.column], p.end[p.base+f.column] = 1, 0
	case rewritten:
		p.start[p.base+f.column], p.end[p.base+f.column] = uint32(from), uint32(to)
	default:
		p.start[p.base+f.column], p.end[p.base+f.column] = uint32(p.offset+from), uint32(p.offset+to)
	}
	return nil
}

// dotted is the name of a key with those of the objects around it.
func (p *parser) dotted(name []byte) string {
	if len(p.path) == 0 {
		return string(name)
	}
	return strings.Join(p.path, ".") + "." + string(name)
}

// short is dotted, cut where that would be long.
func (p *parser) short(name []byte) string {
	const long = 200
	var out []byte
	for _, part := range p.path {
		if len(out) > long {
			break
		}
		out = append(append(out, part[:min(len(part), long)]...), '.')
	}
	out = append(out, name[:min(len(name), long)]...)
	if len(out) > long {
		out = append(out[:long], "..."...)
	}
	return strings.ToValidUTF8(string(out), "")
}

// full reports more columns, or longer names of columns, than a file may have.
func (p *parser) full() bool { return len(p.names) > maxColumns || p.size > maxNames }

// column gives a field the column of its dotted name, a new one if need be.
func (p *parser) column(f *field) {
	if f.column >= 0 || p.full() {
		return
	}
	name := p.dotted([]byte(f.name))
	i, ok := p.byName[name]
	if !ok {
		i = len(p.names)
		p.byName[name] = i
		p.names = append(p.names, name)
		p.size += len(name)
	}
	f.column = i
}

// settle ends the collection of columns: a key that held objects, and null
// where an object was missing, needs no column of its own.
func (p *parser) settle() {
	used := make([]bool, len(p.names))
	p.keys.walk(func(f *field) {
		if f.column >= 0 && (f.scalar || f.inside == nil) {
			used[f.column] = true
		}
	})
	place := make([]int, len(p.names))
	var names []string
	for i, name := range p.names {
		place[i] = -1
		if used[i] {
			place[i] = len(names)
			names = append(names, name)
		}
	}
	p.names = names
	p.keys.walk(func(f *field) {
		if f.column >= 0 {
			f.column = place[f.column]
		}
	})
}

// walk calls do for every field below n.
func (n *node) walk(do func(*field)) {
	for i := range n.fields {
		do(&n.fields[i])
		if n.fields[i].inside != nil {
			n.fields[i].inside.walk(do)
		}
	}
}

// nothing stands for the place of the text of an empty array.
const nothing = -1

// scalar reads a value that is not an object and begins with c. Its text is
// text[from:to], or out[from:to] when it was rewritten. An array of numbers and
// texts is those, with ", " between them and without nulls; another array is its
// JSON text without blanks; an empty one is nothing.
func (p *parser) scalar(c byte, depth int) (from, to int, rewritten bool, err error) {
	if c == '"' {
		from, to, escapes, err := p.quoted()
		if err != nil || !escapes {
			return from, to, false, err
		}
		at := len(p.out)
		p.out, err = unescape(p.out, p.text[from:to])
		return at, len(p.out), true, err
	}
	from = p.i
	if err = p.skipValue(depth); err != nil || c != '[' {
		return from, p.i, false, err
	}
	switch {
	case len(bytes.Trim(p.text[from+1:p.i-1], " \t\r\n")) == 0:
		return nothing, nothing, false, nil
	case p.probe || p.grow:
		return from, p.i, false, nil
	}
	return p.array(from, p.i)
}

// array writes the array text[from:to], which is known to be JSON and not empty.
func (p *parser) array(from, to int) (int, int, bool, error) {
	at := len(p.out)
	if p.i = from; p.nested(to) {
		p.i = to
		if p.out = appendCompact(p.out, p.text[from:to]); len(p.out)-at == to-from {
			p.out = p.out[:at] // as it was
			return from, to, false, nil
		}
		return at, len(p.out), true, nil
	}
	parts := 0
	for p.i = from + 1; ; p.i++ {
		c, err := p.next()
		if err != nil {
			return 0, 0, false, err
		}
		if c != 'n' {
			if parts++; parts > 1 {
				p.out = append(p.out, ", "...)
			}
		}
		start := p.i
		if c == '"' {
			begin, end, _, err := p.quoted()
			if err != nil {
				return 0, 0, false, err
			}
			if p.out, err = unescape(p.out, p.text[begin:end]); err != nil {
				return 0, 0, false, err
			}
		} else if err := p.skipValue(0); err != nil {
			return 0, 0, false, err
		} else if c != 'n' {
			p.out = append(p.out, p.text[start:p.i]...)
		}
		if c, err = p.next(); err != nil {
			return 0, 0, false, err
		}
		if c == ']' {
			p.i = to
			return at, len(p.out), true, nil
		}
	}
}

// nested reports whether the array at p.i, which ends before to, holds an array or an object.
func (p *parser) nested(to int) bool {
	for p.i++; p.i < to; p.i++ {
		switch p.text[p.i] {
		case '"':
			if _, _, _, err := p.quoted(); err != nil {
				return false
			}
			p.i--
		case '[', '{':
			return true
		}
	}
	return false
}

// appendCompact appends JSON without the blanks between its parts.
func appendCompact(dst, in []byte) []byte {
	inString := false
	for i := 0; i < len(in); i++ {
		switch c := in[i]; {
		case inString && c == '\\':
			dst = append(dst, c)
			i++
			dst = append(dst, in[i])
			continue
		case c == '"':
			inString = !inString
		case !inString && (c == ' ' || c == '\t' || c == '\r' || c == '\n'):
			continue
		}
		dst = append(dst, in[i])
	}
	return dst
}

// skipValue reads any value.
func (p *parser) skipValue(depth int) error {
	c, err := p.next()
	if err != nil {
		return err
	}
	switch {
	case c == '"':
		from, to, escapes, err := p.quoted()
		if err == nil && escapes {
			p.key, err = unescape(p.key[:0], p.text[from:to])
		}
		if err == errNUL {
			err = nil // inside an array it stays \u0000
		}
		return err
	case c == '[' || c == '{':
		return p.skipNested(c, depth+1)
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	case c == 't':
		return p.word("true")
	case c == 'f':
		return p.word("false")
	case c == 'n':
		return p.word("null")
	}
	return errChar(c, "where a value should begin")
}

// skipNested reads an array or an object.
func (p *parser) skipNested(open byte, depth int) error {
	if depth > maxDepth {
		return errDepth
	}
	closing := open + 2 // as it happens in ASCII
	p.i++
	c, err := p.next()
	if err != nil {
		return err
	}
	if c == closing {
		p.i++
		return nil
	}
	for {
		if open == '{' {
			if c, err = p.next(); err != nil {
				return err
			}
			if c != '"' {
				return errChar(c, "where a key should begin")
			}
			if err := p.skipValue(depth); err != nil {
				return err
			}
			if c, err = p.next(); err != nil {
				return err
			}
			if c != ':' {
				return errChar(c, "after a key")
			}
			p.i++
		}
		if err := p.skipValue(depth); err != nil {
			return err
		}
		if c, err = p.next(); err != nil {
			return err
		}
		p.i++
		if c == closing {
			return nil
		}
		if c != ',' {
			return errChar(c, "after a value")
		}
	}
}

func (p *parser) word(w string) error {
	if len(p.text)-p.i < len(w) || string(p.text[p.i:p.i+len(w)]) != w {
		return errChar(p.text[p.i], "where a value should begin")
	}
	p.i += len(w)
	return nil
}

// number reads -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
func (p *parser) number() error {
	if p.text[p.i] == '-' {
		p.i++
	}
	if p.i < len(p.text) && p.text[p.i] == '0' {
		p.i++
	} else if err := p.digits(); err != nil {
		return err
	}
	if p.i < len(p.text) && p.text[p.i] == '.' {
		p.i++
		if err := p.digits(); err != nil {
			return err
		}
	}
	if p.i < len(p.text) && p.text[p.i]|0x20 == 'e' {
		p.i++
		if p.i < len(p.text) && (p.text[p.i] == '+' || p.text[p.i] == '-') {
			p.i++
		}
		return p.digits()
	}
	return nil
}

func (p *parser) digits() error {
	from := p.i
	for p.i < len(p.text) && p.text[p.i] >= '0' && p.text[p.i] <= '9' {
		p.i++
	}
	switch {
	case p.i > from:
		return nil
	case p.i == len(p.text):
		return errCut
	}
	return errChar(p.text[p.i], "in a number")
}

// keyText reads a key, whose quote comes next.
func (p *parser) keyText() ([]byte, error) {
	from, to, escapes, err := p.quoted()
	if err != nil || !escapes {
		return p.text[from:to], err
	}
	p.key, err = unescape(p.key[:0], p.text[from:to])
	return p.key, err
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// hits marks with its high bit every byte of w that is zero, and no other.
func hits(w uint64) uint64 {
	return ^((w&^highs + ^uint64(highs)) | w | ^uint64(highs))
}

// quoted reads a string whose quote comes next and returns the place of its
// inside; escapes says that it holds backslashes.
func (p *parser) quoted() (from, to int, escapes bool, err error) {
	text, i := p.text, p.i+1
	from = i
	for {
		for i+8 <= len(text) { // eight bytes at a time up to a quote, a backslash or a control character
			w := binary.LittleEndian.Uint64(text[i:])
			found := hits(w^(ones*'"')) | hits(w^(ones*'\\')) | hits(w&(ones*0xE0))
			if found != 0 {
				i += bits.TrailingZeros64(found) >> 3
				break
			}
			i += 8
		}
		for i < len(text) && text[i] != '"' && text[i] != '\\' && text[i] >= 0x20 {
			i++
		}
		switch {
		case i >= len(text):
			return from, from, false, errCut
		case text[i] == '"':
			p.i = i + 1
			return from, i, escapes, nil
		case text[i] == '\\':
			escapes = true
			if i += 2; i > len(text) {
				return from, from, false, errCut
			}
		default:
			return from, from, false, errChar(text[i], "in a string")
		}
	}
}

// unescape appends the inside of a string to dst. Half a surrogate pair becomes
// U+FFFD, as encoding/json has it.
func unescape(dst, in []byte) ([]byte, error) {
	for len(in) > 0 {
		i := bytes.IndexByte(in, '\\')
		if i < 0 {
			return append(dst, in...), nil
		}
		dst, in = append(dst, in[:i]...), in[i:]
		switch c := in[1]; c { // quoted has seen that a byte follows
		case '"', '\\', '/':
			dst = append(dst, c)
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, ok := hex4(in)
			if !ok {
				return dst, errors.New(`not JSON: \u without four hexadecimal digits`)
			}
			if r == 0 {
				return dst, errNUL
			}
			in = in[6:]
			if utf16.IsSurrogate(r) {
				low, _ := hex4(in)
				if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
					r, in = pair, in[6:]
				} else {
					r = utf8.RuneError
				}
			}
			dst = utf8.AppendRune(dst, r)
			continue
		default:
			return dst, errChar(c, "after a backslash")
		}
		in = in[2:]
	}
	return dst, nil
}

// hex4 reads the escape \uXXXX at the beginning of in.
func hex4(in []byte) (rune, bool) {
	if len(in) < 6 || in[0] != '\\' || in[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range in[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
