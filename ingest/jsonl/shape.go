package jsonl

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"clientele/ingest/internal/charset"
)

// shape is how the objects stand in a file.
type shape struct {
	lines bool   // each on a line of its own
	skip  int    // bytes before them: a byte order mark; the beginning of an array, and what is around it
	array bool   // in an array
	open  int    // objects around that array
	path  string // keys that lead to it
}

// what names the shape in messages, and one row of it.
func (s shape) what() (file, row string) {
	switch {
	case s.lines:
		return "JSON lines", "line"
	case s.array:
		return "a JSON array of objects", "record"
	}
	return "JSON objects one after the other", "record"
}

// shapeOf finds out how the objects stand. asked is the format: jsonl leaves
// objects that stand alone on their lines.
func shapeOf(sample []byte, whole bool, asked string) (shape, error) {
	text := bytes.TrimPrefix(sample, []byte("\ufeff"))
	mark := len(sample) - len(text)
	body := bytes.TrimLeft(text, " \t\r\n")
	begin := len(sample) - len(body)
	lines := shape{lines: true, skip: mark}
	switch {
	case len(body) == 0:
		return lines, errors.New("is empty")
	case body[0] == '[':
		rest := bytes.TrimLeft(body[1:], " \t\r\n")
		if len(rest) > 0 && rest[0] != '{' && rest[0] != ']' {
			return lines, errors.New("is a JSON array of something else than objects: each row must be an object with the names of its columns")
		}
		return shape{array: true, skip: begin + 1}, nil
	case body[0] != '{' || asked == "jsonl" || mostLines(body, whole):
		return lines, nil
	}
	end, closed := objectEnd(body)
	if closed && (!whole || len(bytes.TrimSpace(body[end:])) > 0) { // several
		if bytes.IndexByte(body[:end], '\n') < 0 {
			return lines, nil
		}
		return shape{skip: mark}, nil
	}
	w := wrapper{text: body}
	w.object("", 0)
	switch {
	case closed && w.record || len(w.arrays) == 0:
		if !closed || bytes.IndexByte(body[:end], '\n') < 0 {
			return lines, nil
		}
		return shape{skip: mark}, nil
	case len(w.arrays) > 1:
		var names []string
		for _, a := range w.arrays {
			names = append(names, fmt.Sprintf("%q", a.path))
		}
		return lines, fmt.Errorf("holds %d arrays of objects (%s): put the one to be loaded into a file of its own", len(names), strings.Join(names, ", "))
	}
	a := w.arrays[0]
	return shape{array: true, skip: begin + a.at, open: a.open, path: a.path}, nil
}

// mostLines reports whether most of the first lines are an object each.
func mostLines(text []byte, whole bool) bool {
	check := parser{probe: true}
	lines, good := 0, 0
	for line := range bytes.Lines(text) {
		if lines == 20 || !whole && line[len(line)-1] != '\n' {
			break
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		lines++
		if check.object(bytes.TrimSuffix(line, []byte("\n"))) == nil {
			good++
		}
	}
	return lines > 1 && 2*good > lines
}

// objectEnd returns where the object ends that text begins with.
func objectEnd(text []byte) (int, bool) {
	e := elements{start: -1, most: 1}
	e.scan(text)
	if len(e.spans) == 0 {
		return 0, false
	}
	return int(e.spans[0].end), true
}

// wrapper looks through the one object of a file for the arrays of objects in
// it, those in objects inside it included. The text may be cut anywhere.
type wrapper struct {
	text   []byte
	i      int
	arrays []wrapped
	record bool // it has an id of its own: a row, and no wrapper
}

// wrapped is an array of objects.
type wrapped struct {
	path string
	at   int // behind its [
	open int // objects around it
}

// maxWrapped is how many objects may stand around the array of rows.
const maxWrapped = 4

// object reads an object's members as far as there are any.
func (w *wrapper) object(path string, depth int) bool {
	w.i++
	for {
		switch w.space() {
		case '}':
			w.i++
			return true
		case ',':
			w.i++
			continue
		case '"':
		default:
			return false
		}
		key, ok := w.quoted()
		if !ok || w.space() != ':' {
			return false
		}
		w.i++
		name := key
		if path != "" {
			name = path + "." + key
		}
		if !w.value(name, depth) {
			return false
		}
	}
}

// value reads the value of a key.
func (w *wrapper) value(name string, depth int) bool {
	switch w.space() {
	case 0:
		return false
	case '{':
		if depth+1 < maxWrapped {
			return w.object(name, depth+1)
		}
		return w.skip()
	case '[':
		at := w.i
		w.i++
		if w.space() == '{' {
			w.arrays = append(w.arrays, wrapped{name, w.i, depth + 1})
		}
		w.i = at
		return w.skip()
	}
	w.record = w.record || depth == 0 && isID(name)
	return w.skip()
}

// isID reports a key that names what an object is about, and not the request
// that fetched it.
func isID(key string) bool {
	folded := strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(key))
	for _, other := range []string{"request", "trace", "log", "session", "page", "next", "app", "shop", "store", "merchant", "account"} {
		if strings.HasPrefix(folded, other) {
			return false
		}
	}
	for _, end := range []string{"id", "number", "编号", "单号", "号码"} {
		if strings.HasSuffix(folded, end) {
			return true
		}
	}
	return false
}

// skip passes over one value.
func (w *wrapper) skip() bool {
	e := elements{start: -1, most: 1}
	e.scan(w.text[w.i:])
	if len(e.spans) == 0 {
		return false
	}
	w.i += int(e.spans[0].end)
	return true
}

// space passes over blanks and returns the next byte, 0 at the end.
func (w *wrapper) space() byte {
	for ; w.i < len(w.text); w.i++ {
		if c := w.text[w.i]; c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c
		}
	}
	return 0
}

// quoted reads a key.
func (w *wrapper) quoted() (string, bool) {
	p := parser{text: w.text, i: w.i}
	key, err := p.keyText()
	w.i = p.i
	return string(key), err == nil
}

// encodingOf is the UTF-16 that a file is in, "" for UTF-8, which JSON is else.
func encodingOf(sample []byte, asked string) (string, error) {
	name, err := charset.Find(asked)
	if err != nil {
		return "", err
	}
	switch name {
	case "", charset.UTF8, "utf-16", charset.UTF16LE, charset.UTF16BE:
	default:
		return "", fmt.Errorf("JSON is UTF-8 or UTF-16, not %s", asked)
	}
	found := charset.Guess(sample[:min(len(sample), 1<<16)])
	switch {
	case name == charset.UTF8 && found != "":
		return "", errors.New("is UTF-16 text, not " + asked)
	case found == "" && name == "utf-16":
		return "", errors.New("does not look like UTF-16 text: leave its encoding to be found out")
	case found == "" && name != charset.UTF8:
		return name, nil
	}
	return found, nil
}
