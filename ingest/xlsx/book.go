package xlsx

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"clientele/ingest/internal/stream"
)

const (
	partLimit  = 64 << 20  // bytes of a part that is small in every workbook
	textsLimit = 512 << 20 // bytes of the part of shared texts, which stays in memory
)

// book is an open workbook: the parts that all sheets share, and where the sheets are.
type book struct {
	path      string
	file      stream.Source
	size      int64
	limit     int64 // bytes that a part may unpack to
	unpacked  bool
	parts     map[string]*zip.File // by path in lower case
	sheets    []sheetRef
	since1904 bool
	styles    []style // by index of a cell's style
	texts     texts
}

// sheetRef is a sheet of cells.
type sheetRef struct {
	name   string
	part   string
	hidden bool
}

// texts are the shared texts of a workbook.
type texts struct {
	bytes []byte
	ends  []uint32
}

// at returns text i.
func (t *texts) at(i int) []byte {
	from := uint32(0)
	if i > 0 {
		from = t.ends[i-1]
	}
	return t.bytes[from:t.ends[i]]
}

// checkHead says what a file is, by its first bytes, that is no workbook.
func checkHead(head []byte) error {
	switch {
	case len(head) == 0:
		return errors.New("is empty")
	case !bytes.HasPrefix(head, []byte("PK")):
		return errors.New("is not an Excel workbook (.xlsx)")
	}
	return nil
}

// openBook opens a workbook and reads what its sheets need to be read.
func openBook(name string, expand int64) (b *book, err error) {
	file, size, unpacked, err := stream.OpenAt(name, expand, checkHead)
	if err != nil {
		return nil, err
	}
	b = &book{path: name, file: file, size: size, limit: stream.Limit(size, expand), unpacked: unpacked, parts: map[string]*zip.File{}}
	if err := b.read(); err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

func (b *book) read() error {
	head := make([]byte, 8)
	n, err := b.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if string(head[:n]) == "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" {
		return Compound(b.file, b.size)
	}
	if err := checkHead(head[:n]); err != nil {
		return err
	}
	archive, err := zip.NewReader(b.file, b.size)
	if err != nil {
		return damaged(errCut)
	}
	for _, f := range archive.File {
		b.parts[strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/"))] = f
	}
	root, err := b.root()
	if err != nil {
		return err
	}
	targets, err := b.relations(root)
	if err != nil {
		return err
	}
	if err := b.workbook(root, targets); err != nil {
		return err
	}
	for _, t := range targets {
		switch {
		case t.is("styles"):
			err = b.readStyles(t.part)
		case t.is("sharedStrings"):
			err = b.readTexts(t.part)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Compound says what an Office file of the old kind is: a workbook with a
// password, which is wrapped in one, or an old workbook.
func Compound(file io.ReaderAt, size int64) error {
	var name []byte
	for _, u := range utf16.Encode([]rune("EncryptedPackage")) {
		name = append(name, byte(u), byte(u>>8))
	}
	// The name stands in the directory, which may be anywhere.
	from := io.NewSectionReader(file, 0, min(size, 256<<20))
	buf, kept := make([]byte, 1<<20), 0
	for {
		n, err := from.Read(buf[kept:])
		if bytes.Contains(buf[:kept+n], name) {
			return errors.New("is protected by a password: save a copy without one")
		}
		if err != nil {
			return errors.New("is an old Excel workbook or another Office file: save it as .xlsx or as CSV (UTF-8)")
		}
		kept = copy(buf, buf[max(0, kept+n-len(name)):kept+n])
	}
}

func damaged(err error) error { return fmt.Errorf("the workbook is damaged: %w", err) }

// root finds the part that lists the sheets.
func (b *book) root() (string, error) {
	if b.parts["_rels/.rels"] != nil {
		targets, err := b.relations("")
		if err != nil {
			return "", err
		}
		for _, t := range targets {
			if t.is("officeDocument") && b.parts[strings.ToLower(t.part)] != nil {
				if strings.HasSuffix(strings.ToLower(t.part), ".bin") {
					return "", errors.New("is a binary workbook (.xlsb): save it as .xlsx or as CSV (UTF-8)")
				}
				if strings.HasPrefix(strings.ToLower(t.part), "word/") || strings.HasPrefix(strings.ToLower(t.part), "ppt/") {
					return "", errors.New("is an Office file, but not a workbook")
				}
				return t.part, nil
			}
		}
	}
	switch {
	case b.parts["xl/workbook.xml"] != nil:
		return "xl/workbook.xml", nil
	case b.parts["mimetype"] != nil && b.parts["content.xml"] != nil:
		return "", errors.New("is an OpenDocument file: save it as .xlsx or as CSV (UTF-8)")
	case b.parts["index/document.iwa"] != nil || b.parts["index.zip"] != nil:
		return "", errors.New("is a Numbers file: export it as .xlsx or as CSV")
	}
	return "", errors.New("is a ZIP archive, not a workbook: unpack it first")
}

// target is what a part refers to.
type target struct {
	id, kind, part string
}

// is tells the kind of a target by the end of its address, which two standards begin differently.
func (t target) is(kind string) bool {
	return strings.HasSuffix(strings.ToLower(t.kind), "/"+strings.ToLower(kind))
}

// relations reads what a part refers to ("": the whole file).
func (b *book) relations(part string) ([]target, error) {
	name := path.Join(path.Dir(part), "_rels", path.Base(part)+".rels")
	if part == "" {
		name = "_rels/.rels"
	}
	var targets []target
	err := b.each(name, partLimit, func(s *scanner) error {
		if string(s.name) == "Relationship" && string(s.attr("TargetMode")) != "External" {
			to := string(s.attr("Target"))
			if !strings.HasPrefix(to, "/") {
				to = path.Join(path.Dir(part), to)
			}
			targets = append(targets, target{string(s.attr("Id")), string(s.attr("Type")), strings.TrimPrefix(path.Clean(to), "/")})
		}
		return nil
	})
	return targets, err
}

// open opens a part.
func (b *book) open(name string, limit int64) (io.ReadCloser, error) {
	f := b.parts[strings.ToLower(name)]
	switch {
	case f == nil:
		return nil, damaged(fmt.Errorf("%q is missing in it", name))
	case f.Flags&1 != 0:
		return nil, errors.New("is protected by a password: save a copy without one")
	}
	in, err := f.Open()
	if err != nil {
		return nil, damaged(fmt.Errorf("%q: %w", name, err))
	}
	return struct {
		io.Reader
		io.Closer
	}{stream.Limited(in, min(limit, b.limit), b.size), in}, nil
}

// each calls do for every start tag of a part, and reads it to its end, where
// its checksum is compared.
func (b *book) each(name string, limit int64, do func(*scanner) error) (err error) {
	in, err := b.open(name, limit)
	if err != nil {
		return err
	}
	defer in.Close()
	s := newScanner(in)
	for {
		switch k, err := s.next(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return inPart(name, err)
		case k == startTag:
			if err := do(s); err != nil {
				return inPart(name, err)
			}
		}
	}
}

// inPart says what is wrong with a part. Too large a one needs no more words.
func inPart(name string, err error) error {
	if stream.Expands(err) {
		return err
	}
	return damaged(fmt.Errorf("%q: %w", name, plainError(err)))
}

// plainError is one that package zip says of bytes that do not unpack.
func plainError(err error) error {
	switch {
	case errors.Is(err, zip.ErrChecksum):
		return errors.New("its checksum is wrong")
	case errors.Is(err, zip.ErrFormat), errors.Is(err, io.ErrUnexpectedEOF):
		return errCut
	}
	return err
}

// workbook reads the list of sheets.
func (b *book) workbook(root string, targets []target) error {
	byID := map[string]target{}
	for _, t := range targets {
		byID[t.id] = t
	}
	return b.each(root, partLimit, func(s *scanner) error {
		switch string(s.name) {
		case "workbookPr":
			b.since1904 = isTrue(s.attr("date1904"))
		case "sheet":
			t := byID[string(s.attr("id"))]
			if t.part == "" || !t.is("worksheet") {
				return nil // a chart, a dialog, a macro
			}
			state := string(s.attr("state"))
			b.sheets = append(b.sheets, sheetRef{string(s.attr("name")), t.part, state == "hidden" || state == "veryHidden"})
		}
		return nil
	})
}

func isTrue(v []byte) bool { return string(v) == "1" || string(v) == "true" }

// readStyles reads which styles of cells are dates and times.
func (b *book) readStyles(name string) error {
	own := map[int]style{}
	var ids []int
	cells := 0 // depth of the list of cells' styles; 0: not in it
	err := b.each(name, partLimit, func(s *scanner) error {
		if s.depth <= cells {
			cells = 0
		}
		id, err := strconv.Atoi(string(s.attr("numFmtId")))
		switch {
		case string(s.name) == "numFmt" && err == nil:
			own[id] = styleOf(string(s.attr("formatCode")))
		case string(s.name) == "cellXfs":
			cells = s.depth
		case string(s.name) == "xf" && cells > 0:
			ids = append(ids, id)
		}
		return nil
	})
	for _, id := range ids {
		look, ok := own[id]
		if !ok {
			look = builtin(id)
		}
		b.styles = append(b.styles, look)
	}
	return err
}

// readTexts reads the shared texts.
func (b *book) readTexts(name string) error {
	err := b.each(name, textsLimit, func(s *scanner) error {
		if string(s.name) != "si" {
			return nil
		}
		var err error
		if b.texts.bytes, err = appendRich(b.texts.bytes, s); err != nil {
			return err
		}
		b.texts.ends = append(b.texts.ends, uint32(len(b.texts.bytes)))
		return nil
	})
	if stream.Expands(err) && b.limit > textsLimit {
		return fmt.Errorf("has more than %d MB of texts: save it as CSV (UTF-8)", textsLimit>>20)
	}
	return err
}

// appendRich appends the text of the element that has just begun: all its
// parts, without the reading aids of Japanese.
func appendRich(dst []byte, s *scanner) ([]byte, error) {
	from := len(dst)
	inText := false
	for depth := s.depth; ; {
		k, err := s.next()
		switch {
		case err != nil:
			return dst, err
		case k == charData && inText:
			dst = append(dst, s.text...)
		case k == startTag && string(s.name) == "rPh":
			if err := s.skip(); err != nil {
				return dst, err
			}
		case k == startTag:
			inText = string(s.name) == "t"
		case k == endTag:
			inText = false
			if s.depth < depth {
				return unescapeControls(dst, from), nil
			}
		}
	}
}

// unescapeControls resolves _x000D_, which is how a workbook writes characters
// that XML cannot hold, in dst[from:].
func unescapeControls(dst []byte, from int) []byte {
	next := bytes.Index(dst[from:], []byte("_x"))
	if next < 0 {
		return dst
	}
	to := from + next
	for at := to; at < len(dst); {
		if r, ok := control(dst[at:]); ok {
			to += utf8.EncodeRune(dst[to:to+7], r) // shorter than what it stands for
			at += 7
			continue
		}
		dst[to] = dst[at]
		to, at = to+1, at+1
	}
	return dst[:to]
}

// control reads the escape that text begins with.
func control(text []byte) (rune, bool) {
	if len(text) < 7 || text[0] != '_' || text[1] != 'x' || text[6] != '_' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(n), err == nil && !utf16.IsSurrogate(rune(n))
}
