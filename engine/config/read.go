package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Error is one thing wrong in a configuration.
type Error struct {
	Path   string // the file; "" when the value did not come from one
	Line   int    // 1 is the first; 0 when not known
	Key    string // as in rfm.scheme or sources[2].kind; "" for the file as a whole
	Value  string // what was given, when there is something to show
	shown  bool   // Value is part of the message
	Reason string // lower case, no full stop
}

// Error reads like clientele.yaml:12: horizon_days: "soon": not a whole number.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Path)
	if e.Path != "" && e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if e.Path != "" {
		b.WriteString(": ")
	}
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	if e.shown {
		fmt.Fprintf(&b, "%q: ", e.Value)
	}
	b.WriteString(e.Reason)
	return b.String()
}

// ReadOrDefault is Read, or the defaults when there is no such file.
func ReadOrDefault(path string) (Config, error) {
	c, err := Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Default(), nil
	}
	return c, err
}

// Read reads a configuration file. What the file does not mention keeps its
// default; an unknown key, a value of the wrong type or one out of range is an
// *Error with the line it stands on.
func Read(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	return Parse(path, text)
}

// Parse is Read for a text; path only names it in errors.
func Parse(path string, text []byte) (Config, error) {
	c := Default()
	d := decoder{lines: map[string]int{}}
	e := d.parse(text, &c)
	for i := range c.Sources {
		if c.Sources[i].Delimiter == "tab" {
			c.Sources[i].Delimiter = "\t"
		}
		if c.Sources[i].Kind == "" {
			c.Sources[i].Kind = Auto
		}
	}
	if e == nil {
		e = c.check()
		if e != nil {
			e.Line = d.line(e.Key)
		}
	}
	if e != nil {
		e.Path = path
		return Config{}, e
	}
	return c, nil
}

// decoder sets the fields of a Config from the nodes of a YAML document and
// remembers where each key stands. The YAML package could set the fields as
// well, but it accepts what we must refuse (a number where a word is meant, an
// empty section that wipes its defaults) and cannot name the nearest key.
type decoder struct {
	lines map[string]int // line of each key that the file has
}

// line is the line of a key, or of the nearest section around it.
func (d *decoder) line(key string) int {
	for key != "" {
		if n, ok := d.lines[key]; ok {
			return n
		}
		key = key[:max(strings.LastIndexAny(key, ".["), 0)]
	}
	return 0
}

func (d *decoder) parse(text []byte, c *Config) *Error {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return &Error{Reason: "not UTF-8 text"}
	}
	// The YAML package reads a lone CR as nothing and CRLF as LF; make lines count alike.
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return syntaxError(err)
	}
	seen := false
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType {
			continue
		}
		if seen {
			return &Error{Line: lineOf(doc.Body), Reason: "a second document after ---: only one is allowed"}
		}
		seen = true
		if e := d.set(reflect.ValueOf(c).Elem(), doc.Body, "", ""); e != nil {
			return e
		}
	}
	return nil
}

// syntaxError keeps the line and the first line of the parser's message.
func syntaxError(err error) *Error {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		message, _, _ := strings.Cut(at.GetMessage(), "\n")
		return &Error{Line: at.GetToken().Position.Line, Reason: "not valid YAML: " + message}
	}
	message, _, _ := strings.Cut(err.Error(), "\n")
	return &Error{Reason: "not valid YAML: " + message}
}

func lineOf(n ast.Node) int {
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		return tk.Position.Line
	}
	return 0
}

// set writes node into dst. key is the path of dst, as its field's "as" tag.
func (d *decoder) set(dst reflect.Value, node ast.Node, key, as string) *Error {
	if s, ok := node.(*ast.SequenceNode); ok && dst.Kind() == reflect.Slice {
		return d.setList(dst, s.Values, key)
	}
	switch node.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		return &Error{Line: lineOf(node), Key: key, Reason: "anchors, aliases and tags are not used here"}
	case *ast.NullNode:
		return d.setNothing(dst, node, key)
	}
	switch dst.Kind() {
	case reflect.Pointer: // a setting that may be absent
		kind, off := strings.CutSuffix(as, " or off")
		if as = kind; off && isScalar(node) && text(node) == Off {
			dst.SetZero()
			return nil
		}
		value := reflect.New(dst.Type().Elem())
		dst.Set(value)
		return d.set(value.Elem(), node, key, as)
	case reflect.Struct:
		return d.setSection(dst, node, key)
	case reflect.Map:
		return d.setMap(dst, node, key)
	case reflect.Slice:
		if dst.Type().Elem().Kind() != reflect.Struct {
			return d.setList(dst, []ast.Node{node}, key) // one value is a list of one
		}
		return &Error{Line: lineOf(node), Key: key, Reason: `not a list: begin each entry with "- "`}
	}
	return d.setScalar(dst, node, key, as)
}

// setNothing handles a key with no value: a section whose settings are all
// commented out keeps its defaults, a single setting must have a value.
func (d *decoder) setNothing(dst reflect.Value, node ast.Node, key string) *Error {
	switch dst.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice:
		if !strings.HasSuffix(key, "]") {
			return nil
		}
	}
	return &Error{Line: lineOf(node), Key: key, Reason: "no value given"}
}

func (d *decoder) setSection(dst reflect.Value, node ast.Node, key string) *Error {
	m, ok := node.(ast.MapNode)
	if !ok {
		return &Error{Line: lineOf(node), Key: key, Value: text(node), shown: isScalar(node), Reason: `not a section of "key: value" lines`}
	}
	fields := keysOf(dst.Type())
	for it := m.MapRange(); it.Next(); {
		name, line := text(it.Key()), lineOf(it.Key())
		i, known := fields[name]
		if !known {
			return &Error{Line: line, Key: key, Reason: unknownKey(name, fields)}
		}
		field := dst.Type().Field(i)
		child := name
		if key != "" {
			child = key + "." + name
		}
		d.lines[child] = line
		if e := d.set(dst.Field(i), it.Value(), child, field.Tag.Get("as")); e != nil {
			return e
		}
	}
	return nil
}

func (d *decoder) setMap(dst reflect.Value, node ast.Node, key string) *Error {
	m, ok := node.(ast.MapNode)
	if !ok {
		return &Error{Line: lineOf(node), Key: key, Value: text(node), shown: isScalar(node), Reason: `not a section of "key: value" lines`}
	}
	out := reflect.MakeMap(dst.Type())
	for it := m.MapRange(); it.Next(); {
		name := text(it.Key())
		d.lines[key+"."+name] = lineOf(it.Key())
		value := reflect.New(dst.Type().Elem()).Elem()
		if e := d.set(value, it.Value(), key+"."+name, ""); e != nil {
			return e
		}
		out.SetMapIndex(reflect.ValueOf(name), value)
	}
	dst.Set(out)
	return nil
}

func (d *decoder) setList(dst reflect.Value, nodes []ast.Node, key string) *Error {
	out := reflect.Zero(dst.Type()) // an empty list is nil, like the default
	for i, node := range nodes {
		child := fmt.Sprintf("%s[%d]", key, i)
		d.lines[child] = lineOf(node)
		entry := reflect.New(dst.Type().Elem()).Elem()
		switch entry.Type() {
		case reflect.TypeFor[Source]():
			entry.Set(reflect.ValueOf(DefaultSource()))
		case reflect.TypeFor[Check]():
			entry.Set(reflect.ValueOf(DefaultCheck()))
		}
		if e := d.set(entry, node, child, ""); e != nil {
			return e
		}
		out = reflect.Append(out, entry)
	}
	dst.Set(out)
	return nil
}

func (d *decoder) setScalar(dst reflect.Value, node ast.Node, key, as string) *Error {
	wrong := func(reason string) *Error {
		return &Error{Line: lineOf(node), Key: key, Value: text(node), shown: isScalar(node), Reason: reason}
	}
	if !isScalar(node) {
		return wrong("a single value is needed here")
	}
	word := text(node)
	if dst.Type() == reflect.TypeFor[Size]() {
		size, err := ParseSize(word)
		if err != nil {
			return wrong(err.Error())
		}
		dst.SetInt(int64(size))
		return nil
	}
	switch dst.Kind() {
	case reflect.String:
		dst.SetString(word)
	case reflect.Bool:
		if word != "true" && word != "false" {
			return wrong("not true or false")
		}
		dst.SetBool(word == "true")
	case reflect.Int:
		v, err := strconv.Atoi(word)
		if err != nil {
			return wrong("not a whole number")
		}
		dst.SetInt(int64(v))
	case reflect.Float64:
		if as == "margin" && word == Auto {
			dst.SetFloat(0)
			return nil
		}
		v, err := parseNumber(word, as == "share" || as == "margin")
		if err != nil {
			return wrong(err.Error())
		}
		if as == "margin" && v == 0 {
			return wrong("not more than 0 and at most 1 (100%), and not auto")
		}
		dst.SetFloat(v)
	default:
		panic("config: no way to set " + dst.Type().String())
	}
	return nil
}

// parseNumber reads a finite number, or a percentage where share is set.
func parseNumber(word string, share bool) (float64, error) {
	digits, percent := strings.CutSuffix(word, "%")
	if percent && share {
		word = strings.TrimSpace(digits)
	}
	v, err := strconv.ParseFloat(word, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		if share {
			return 0, errors.New("not a number such as 0.1 or 10%")
		}
		return 0, errors.New("not a number")
	}
	if percent {
		v /= 100
	}
	return v, nil
}

func isScalar(node ast.Node) bool {
	_, ok := node.(ast.ScalarNode)
	return ok
}

// text is a scalar as it was written, without quotes; "" for anything else.
func text(node ast.Node) string {
	switch n := node.(type) {
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.StringNode:
		return n.Value
	case *ast.NullNode:
		return ""
	case ast.ScalarNode:
		return n.GetToken().Value
	}
	return ""
}

// keysOf maps the YAML names of a struct's fields to their positions.
func keysOf(t reflect.Type) map[string]int {
	keys := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		keys[t.Field(i).Tag.Get("yaml")] = i
	}
	return keys
}

// unknownKey names the nearest key, or all of them when none is near.
func unknownKey(name string, fields map[string]int) string {
	var known []string
	for k := range fields {
		known = append(known, k)
	}
	slices.Sort(known)
	if best := nearest(name, known); best != "" {
		return fmt.Sprintf("unknown key %q: did you mean %q?", name, best)
	}
	return fmt.Sprintf("unknown key %q: the keys here are %s", name, strings.Join(known, ", "))
}

// nearest is the word that name is likely to be a slip of, or "".
func nearest(name string, known []string) string {
	best, distance := "", len(name)
	for _, k := range known {
		if n := editDistance(strings.ToLower(name), k); n < distance {
			best, distance = k, n
		}
	}
	if distance > max(1, len(best)/3) {
		return ""
	}
	return best
}

// editDistance counts the insertions, deletions, substitutions and swaps of
// neighbours that make b of a (optimal string alignment), in bytes.
func editDistance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
