package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// kind says what a token of XML is.
type kind uint8

const (
	startTag kind = iota
	endTag
	charData
)

const (
	tokenLimit = 64 << 20 // bytes of the longest tag or text
	depthLimit = 256
)

var (
	errCut   = errors.New("it is cut off before its end")
	errToken = fmt.Errorf("it holds a text of more than %d MB", tokenLimit>>20)
)

// scanner reads XML from front to back, as much of it as the parts of a
// workbook use: tags, attributes, texts, CDATA; no document types, and with
// them no entities but the five of XML. Names are without their prefix.
//
// It is written for speed: encoding/xml takes ten times as long for a sheet.
type scanner struct {
	from io.Reader
	buf  []byte
	at   int   // bytes of buf that are dealt with
	err  error // of from, once it has ended

	name  []byte // of the tag
	attrs []byte // of the start tag, as they stand
	text  []byte // of charData; valid until the next token
	alone bool   // the start tag was an end tag too, which comes next
	open  []byte // names of the elements that are open, each with its length behind it
	depth int
}

// newScanner makes a scanner; more bytes are read as they are needed.
func newScanner(from io.Reader) *scanner { return &scanner{from: from, buf: make([]byte, 0, 1<<16)} }

// fill reads on, behind what is not dealt with yet.
func (s *scanner) fill() error {
	if s.err != nil {
		return s.err
	}
	if s.at > 0 {
		s.buf = s.buf[:copy(s.buf, s.buf[s.at:])]
		s.at = 0
	}
	if len(s.buf) == cap(s.buf) {
		if len(s.buf) >= tokenLimit {
			return errToken
		}
		s.buf = append(make([]byte, 0, 2*cap(s.buf)), s.buf...)
	}
	n, err := s.from.Read(s.buf[len(s.buf):cap(s.buf)])
	s.buf, s.err = s.buf[:len(s.buf)+n], err
	if n > 0 {
		return nil
	}
	return err
}

// upTo returns the length of what is not dealt with up to and with the mark, of
// which the first skip bytes are known not to be part.
func (s *scanner) upTo(mark string, skip int) (int, error) {
	for from := skip; ; {
		if i := bytes.Index(s.buf[s.at+from:], []byte(mark)); i >= 0 {
			return from + i + len(mark), nil
		}
		from = max(skip, len(s.buf)-s.at-len(mark)+1)
		if err := s.more(); err != nil {
			return 0, err
		}
	}
}

// more fills; an end is one that comes too early.
func (s *scanner) more() error {
	err := s.fill()
	if errors.Is(err, io.EOF) {
		return errCut
	}
	return err
}

// next reads the next token. At the end of well-formed XML it is io.EOF.
func (s *scanner) next() (kind, error) {
	if s.alone {
		s.alone = false
		return endTag, s.pop()
	}
	for {
		if s.at == len(s.buf) {
			switch err := s.fill(); {
			case errors.Is(err, io.EOF) && s.depth > 0:
				return 0, errCut
			case err != nil:
				return 0, err
			}
			continue
		}
		if s.buf[s.at] != '<' {
			return charData, s.chars()
		}
		for len(s.buf)-s.at < 9 && s.err == nil { // as long as <![CDATA[
			if err := s.fill(); err != nil && !errors.Is(err, io.EOF) {
				return 0, err
			}
		}
		switch rest := s.buf[s.at:]; {
		case bytes.HasPrefix(rest, []byte("<!--")):
			n, err := s.upTo("-->", 4)
			if err != nil {
				return 0, err
			}
			s.at += n
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			n, err := s.upTo("]]>", 9)
			if err != nil {
				return 0, err
			}
			s.text = s.buf[s.at+9 : s.at+n-3]
			s.at += n
			return charData, nil
		case bytes.HasPrefix(rest, []byte("<?")):
			n, err := s.upTo("?>", 2)
			if err != nil {
				return 0, err
			}
			s.at += n
		case bytes.HasPrefix(rest, []byte("<!")):
			return 0, errors.New("it has a document type, as no workbook does")
		case bytes.HasPrefix(rest, []byte("</")):
			n, err := s.upTo(">", 2)
			if err != nil {
				return 0, err
			}
			s.name = local(bytes.TrimRight(s.buf[s.at+2:s.at+n-1], " \t\r\n"))
			s.at += n
			return endTag, s.pop()
		default:
			return startTag, s.start()
		}
	}
}

// chars reads the text up to the next tag.
func (s *scanner) chars() error {
	for from := 0; ; {
		if i := bytes.IndexByte(s.buf[s.at+from:], '<'); i >= 0 {
			return s.setText(from + i)
		}
		from = len(s.buf) - s.at
		if err := s.fill(); errors.Is(err, io.EOF) && s.depth == 0 {
			return s.setText(len(s.buf) - s.at)
		} else if errors.Is(err, io.EOF) {
			return errCut
		} else if err != nil {
			return err
		}
	}
}

func (s *scanner) setText(n int) error {
	var err error
	s.text, err = unescape(s.buf[s.at : s.at+n])
	s.at += n
	return err
}

// start reads a start tag.
func (s *scanner) start() error {
	quote := byte(0)
	i := 1
	for ; ; i++ {
		if s.at+i == len(s.buf) {
			if err := s.more(); err != nil {
				return err
			}
		}
		c := s.buf[s.at+i]
		if quote == 0 && c == '>' {
			break
		}
		switch {
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote:
			quote = 0
		}
	}
	tag := s.buf[s.at+1 : s.at+i]
	s.at += i + 1
	if s.alone = len(tag) > 0 && tag[len(tag)-1] == '/'; s.alone {
		tag = tag[:len(tag)-1]
	}
	name := tag
	if k := bytes.IndexAny(tag, " \t\r\n"); k >= 0 {
		name = tag[:k]
	}
	s.name, s.attrs = local(name), tag[len(name):]
	if len(s.name) == 0 || len(s.name) > 255 {
		return errors.New("it has a tag without a name")
	}
	if s.depth++; s.depth > depthLimit {
		return errors.New("its elements are nested too deep")
	}
	s.open = append(append(s.open, s.name...), byte(len(s.name)))
	return nil
}

// pop closes the innermost element, which must be the one named, or the one
// that has just begun.
func (s *scanner) pop() error {
	if s.depth == 0 {
		return errors.New("it closes what was not opened")
	}
	n := int(s.open[len(s.open)-1])
	from := len(s.open) - 1 - n
	if inner := s.open[from : from+n]; !bytes.Equal(inner, s.name) {
		return fmt.Errorf("%.40q closes %.40q", "</"+string(s.name)+">", "<"+string(inner)+">")
	}
	s.open = s.open[:from]
	s.depth--
	return nil
}

// skip passes over the rest of the element that has just begun.
func (s *scanner) skip() error {
	for depth := s.depth; s.depth >= depth; {
		if _, err := s.next(); err != nil {
			return err
		}
	}
	return nil
}

// attr returns an attribute of the start tag, nil when it has none of that name.
func (s *scanner) attr(name string) []byte {
	rest := s.attrs
	for {
		rest = bytes.TrimLeft(rest, " \t\r\n")
		key, after, ok := bytes.Cut(rest, []byte("="))
		if !ok {
			return nil
		}
		after = bytes.TrimLeft(after, " \t\r\n")
		if len(after) == 0 || after[0] != '"' && after[0] != '\'' {
			return nil
		}
		value, next, ok := bytes.Cut(after[1:], after[:1])
		if !ok {
			return nil
		}
		if string(local(bytes.TrimRight(key, " \t\r\n"))) == name {
			if value, err := unescape(value); err == nil {
				return value
			}
			return nil
		}
		rest = next
	}
}

// local is a name without its prefix, if it has one.
func local(name []byte) []byte {
	if i := bytes.IndexByte(name, ':'); i > 0 && i < len(name)-1 {
		return name[i+1:]
	}
	return name
}

// unescape returns text with its entities resolved and line ends as \n.
func unescape(in []byte) ([]byte, error) {
	if bytes.IndexByte(in, '&') < 0 && bytes.IndexByte(in, '\r') < 0 {
		return in, nil
	}
	out := make([]byte, 0, len(in))
	for i := 0; i < len(in); i++ {
		switch in[i] {
		case '\r':
			if i+1 == len(in) || in[i+1] != '\n' {
				out = append(out, '\n')
			}
		case '&':
			end := bytes.IndexByte(in[i:min(len(in), i+12)], ';')
			if end < 0 {
				return nil, fmt.Errorf("it holds %.12q, which is no character", in[i:])
			}
			r, ok := entity(string(in[i+1 : i+end]))
			if !ok {
				return nil, fmt.Errorf("it holds %q, which is no character", in[i:i+end+1])
			}
			out = utf8.AppendRune(out, r)
			i += end
		default:
			out = append(out, in[i])
		}
	}
	return out, nil
}

// entity is the character that stands between & and ;.
func entity(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n == 0 || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		return 0, false
	}
	return rune(n), true
}
