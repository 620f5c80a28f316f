// Package charset turns text of other encodings into UTF-8 while it is read.
//
// UTF-16 is known by its mark, and without one where the bytes leave no doubt.
// Encodings of one byte, and those of East Asia other than GB18030, can hardly
// be told from one another by their bytes: they are used when they are named.
package charset

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/transform"
)

// Names of the encodings that readers treat by themselves.
const (
	UTF8    = "utf-8"
	GB18030 = "gb18030"
	UTF16LE = "utf-16le"
	UTF16BE = "utf-16be"
)

// Advice is what to do about a file of single bytes above ASCII that are neither
// UTF-8 nor GB18030.
const Advice = "save it as UTF-8, or name its encoding: windows-1252 (Western Europe), windows-1251 (Cyrillic), shift_jis, big5, euc-kr or another"

// Find returns the name by which an encoding is known here: "" for "", "auto";
// utf-8, gb18030 (GBK and GB2312 too), utf-16le, utf-16be, "utf-16" where its mark is
// to decide, else the name that the Encoding Standard of the WHATWG gives it. As
// there, Latin-1 is Windows-1252: the two differ in bytes that are control
// characters in Latin-1, which no table holds.
func Find(name string) (string, error) {
	folded := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), "_", "-")
	switch folded {
	case "", "auto":
		return "", nil
	case "utf-8", "utf8":
		return UTF8, nil
	case "gb18030", "gbk", "gb2312", "gb-18030", "cp936":
		return GB18030, nil
	case "utf-16", "utf16", "unicode":
		return "utf-16", nil
	case "utf-16le", "utf16le", "utf-16-le":
		return UTF16LE, nil
	case "utf-16be", "utf16be", "utf-16-be":
		return UTF16BE, nil
	case "latin-1":
		folded = "latin1"
	case "latin-9", "latin9":
		folded = "iso-8859-15"
	case "cp932":
		folded = "shift-jis"
	case "cp949":
		folded = "euc-kr"
	case "cp950":
		folded = "big5"
	}
	for _, label := range []string{folded, strings.ReplaceAll(folded, "-", "_")} {
		if enc, err := htmlindex.Get(label); err == nil {
			if known, err := htmlindex.Name(enc); err == nil && known != "replacement" && known != "x-user-defined" {
				return known, nil
			}
		}
	}
	return "", fmt.Errorf("encoding %q is not known: use auto, utf-8, gb18030, utf-16, windows-1252, iso-8859-15, windows-1251, shift_jis, big5 or euc-kr", name)
}

// Mark tells UTF-16 by the byte order mark that begins the text: utf-16le, utf-16be or "".
func Mark(sample []byte) string {
	switch {
	case bytes.HasPrefix(sample, []byte("\xFF\xFE\x00\x00")), bytes.HasPrefix(sample, []byte("\x00\x00\xFE\xFF")):
		return "" // UTF-32
	case bytes.HasPrefix(sample, []byte("\xFF\xFE")):
		return UTF16LE
	case bytes.HasPrefix(sample, []byte("\xFE\xFF")):
		return UTF16BE
	}
	return ""
}

// Guess tells UTF-16 by its mark, or without one by its bytes: every zero byte
// stands on the same side of its pair, an eighth of all pairs and a line end are
// ASCII, and no pair is half a character. It returns utf-16le, utf-16be or "".
func Guess(sample []byte) string {
	if name := Mark(sample); name != "" {
		return name
	}
	even, odd := 0, 0
	for i, c := range sample {
		if c == 0 {
			even += (i + 1) % 2
			odd += i % 2
		}
	}
	name := ""
	switch pairs := len(sample) / 2; {
	case pairs == 0:
	case even == 0 && odd*8 >= pairs:
		name = UTF16LE
	case odd == 0 && even*8 >= pairs:
		name = UTF16BE
	}
	if name == "" {
		return ""
	}
	text := make([]byte, 0, len(sample)*2)
	text, _ = appendUTF16(text, sample[:len(sample)&^3], name == UTF16BE, true)
	if !utf8.Valid(text) || bytes.ContainsAny(text, "\x00\x01\x02\x03\x04\x05\x06\x07\x08") || !bytes.ContainsAny(text, "\r\n") {
		return ""
	}
	return name
}

// Reader returns a reader of UTF-8 text. name is one that Find returns, other
// than utf-8 and gb18030. What is not of the encoding comes out as U+FFFD, half a
// pair of UTF-16 as bytes that are not UTF-8.
func Reader(from io.Reader, name string) (io.Reader, error) {
	switch name {
	case UTF16LE, UTF16BE:
		return &utf16Reader{from: from, big: name == UTF16BE, in: make([]byte, 0, 1<<16)}, nil
	}
	enc, err := htmlindex.Get(name)
	if err != nil {
		return nil, err
	}
	return transform.NewReader(from, encoding.Decoder{Transformer: enc.NewDecoder()}), nil
}

// utf16Reader reads UTF-16 as UTF-8.
type utf16Reader struct {
	from io.Reader
	big  bool
	in   []byte // read and not decoded: at most three bytes between reads
	out  []byte // decoded and not handed out
	at   int
	err  error
}

func (r *utf16Reader) Read(p []byte) (int, error) {
	for r.at == len(r.out) {
		if r.err != nil {
			return 0, r.err
		}
		n, err := r.from.Read(r.in[len(r.in):cap(r.in)])
		r.in, r.err = r.in[:len(r.in)+n], err
		end := errors.Is(err, io.EOF)
		var used int
		r.out, used = appendUTF16(r.out[:0], r.in, r.big, end)
		r.in, r.at = r.in[:copy(r.in, r.in[used:])], 0
	}
	n := copy(p, r.out[r.at:])
	r.at += n
	return n, nil
}

// appendUTF16 decodes in and says how much of it: all, or without end what may
// still become a character. Half a pair of surrogates is written as the three
// bytes that it would have in UTF-8, which are not UTF-8, and so is half a unit.
func appendUTF16(dst, in []byte, big, end bool) (out []byte, used int) {
	low, high := 0, 1
	if big {
		low, high = 1, 0
	}
	i := 0
	for ; i+1 < len(in); i += 2 {
		u := rune(in[i+high])<<8 | rune(in[i+low])
		switch {
		case u < 0x80:
			dst = append(dst, byte(u))
			continue
		case u < 0xD800 || u > 0xDFFF:
			dst = utf8.AppendRune(dst, u)
			continue
		case u < 0xDC00 && i+3 >= len(in) && !end:
			return dst, i
		case u < 0xDC00 && i+3 < len(in):
			if v := rune(in[i+2+high])<<8 | rune(in[i+2+low]); v >= 0xDC00 && v <= 0xDFFF {
				dst = utf8.AppendRune(dst, 0x10000+(u-0xD800)<<10+(v-0xDC00))
				i += 2
				continue
			}
		}
		dst = append(dst, 0xED, 0x80|byte(u>>6)&0x3F, 0x80|byte(u)&0x3F)
	}
	if end && i < len(in) {
		dst, i = append(dst, 0xFF), len(in)
	}
	return dst, i
}
