package csv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"clientele/ingest/internal/charset"
)

// encoding says how bytes stand for characters.
type encoding uint8

const (
	ascii   encoding = iota // nothing but ASCII so far: either of the next two
	utf8Enc                 // UTF-8; UTF-16 as it comes out of package charset
	gb18030                 // GB18030, and with it GBK and GB2312
	decoded                 // another encoding, as it comes out of package charset: U+FFFD is what it has no character for
	unknown                 // none of these
)

// valid reports whether a decoded row had only bytes of its encoding.
func (e encoding) valid(row []byte) bool {
	if e == gb18030 || e == decoded {
		return !bytes.Contains(row, []byte("\ufffd"))
	}
	return validUTF8(row)
}

var errEncoding = errors.New("is neither UTF-8 nor GB18030 text: " + charset.Advice)

// Text returns the first bytes of a file as UTF-8 where they are UTF-16, else as
// they are.
func Text(sample []byte) []byte {
	name := charset.Guess(sample)
	if name == "" {
		return sample
	}
	from, err := charset.Reader(bytes.NewReader(sample), name)
	if err != nil {
		return sample
	}
	text, err := io.ReadAll(from)
	if err != nil {
		return sample
	}
	return text
}

// guessEncoding finds the encoding of a sample. cut says that the sample may
// end inside a character.
//
// Valid UTF-8 is UTF-8: other text is hardly ever valid by chance. Otherwise
// the characters are counted that each reading finds and cannot read. Western
// single-byte text often passes as GB18030, as characters no one uses; so
// GB18030 is believed only when most of its characters are of the common plane
// (GB2312: both bytes from 0xA1 on). Where that decides nothing, UTF-8 with one
// bad line, or one in a hundred, is UTF-8: those lines are rejected one by one.
func guessEncoding(sample []byte, cut bool) encoding {
	if isASCII(sample) {
		return ascii
	}
	if cut {
		sample = wholeRunes(sample)
	}
	if validUTF8(sample) {
		return utf8Enc
	}
	good8, bad8 := countUTF8(sample)
	common, good, bad := countGB18030(sample)
	if cut && bad > 0 {
		bad-- // the character that the sample's end cuts
	}
	switch {
	case good8 > 10*bad8:
		return utf8Enc // UTF-8 with a few broken rows
	case good > 20*bad && 2*common > good:
		return gb18030
	case fewBadLines(sample):
		return utf8Enc
	}
	return unknown
}

// fewBadLines reports whether at most one line, or one in a hundred, is not UTF-8.
func fewBadLines(sample []byte) bool {
	lines, bad := 0, 0
	for line := range bytes.Lines(sample) {
		lines++
		if !validUTF8(line) {
			bad++
		}
	}
	return bad <= max(1, lines/100) && bad < lines
}

// isASCII reports whether no byte of b is above 0x7f.
func isASCII(b []byte) bool {
	for len(b) >= 32 {
		w := binary.LittleEndian.Uint64(b) | binary.LittleEndian.Uint64(b[8:]) |
			binary.LittleEndian.Uint64(b[16:]) | binary.LittleEndian.Uint64(b[24:])
		if w&highs != 0 {
			return false
		}
		b = b[32:]
	}
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

func validUTF8(b []byte) bool { return utf8.Valid(b) }

// wholeRunes drops an unfinished UTF-8 character from the end of b.
func wholeRunes(b []byte) []byte {
	for k := 1; k <= 3 && k <= len(b); k++ {
		if c := b[len(b)-k]; utf8.RuneStart(c) {
			if c >= 0xC0 && !utf8.FullRune(b[len(b)-k:]) {
				return b[:len(b)-k]
			}
			break
		}
	}
	return b
}

// countUTF8 counts the characters above ASCII that are UTF-8, and the bytes
// that are not.
func countUTF8(b []byte) (good, bad int) {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 1:
			good++
		}
		b = b[n:]
	}
	return good, bad
}

// countGB18030 counts the characters above ASCII that are GB18030, those among
// them that are of GB2312, and the bytes that are not GB18030.
func countGB18030(b []byte) (common, good, bad int) {
	for i := 0; i < len(b); {
		r, n := runeGB18030(b[i:])
		switch {
		case r == utf8.RuneError:
			bad++
		case n == 2 && b[i] >= 0xA1 && b[i+1] >= 0xA1:
			common++
			good++
		case n > 1:
			good++
		}
		i += n
	}
	return common, good, bad
}

// twoBytes holds the characters of two bytes: first 0x81 to 0xfe, second 0x40
// to 0xfe, from the tables of golang.org/x/text. Zero: there is none.
var twoBytes = sync.OnceValue(func() *[126][191]rune {
	table := new([126][191]rune)
	decoder := simplifiedchinese.GB18030.NewDecoder()
	for first := range table {
		for second := range table[first] {
			out, err := decoder.Bytes([]byte{byte(0x81 + first), byte(0x40 + second)})
			if r, n := utf8.DecodeRune(out); err == nil && n == len(out) && r != utf8.RuneError {
				table[first][second] = r
			}
		}
	}
	return table
})

// runeGB18030 decodes the first character of b. What is not GB18030 is
// utf8.RuneError of one byte, so that no delimiter or line end is swallowed.
func runeGB18030(b []byte) (rune, int) {
	first := b[0]
	switch {
	case first < 0x80:
		return rune(first), 1
	case first == 0x80 || first == 0xFF || len(b) < 2:
		return utf8.RuneError, 1
	case b[1] >= 0x40 && b[1] != 0xFF:
		if r := twoBytes()[first-0x81][b[1]-0x40]; r != 0 {
			return r, 2
		}
	case b[1] >= '0' && b[1] <= '9' && len(b) >= 4 && b[2] >= 0x81 && b[2] != 0xFF && b[3] >= '0' && b[3] <= '9':
		out, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b[:4])
		if r, n := utf8.DecodeRune(out); err == nil && n == len(out) && r != utf8.RuneError {
			return r, 4
		}
	}
	return utf8.RuneError, 1
}

// decodeGB18030 appends b, decoded, to dst and counts the bytes that are not
// GB18030; each of them becomes U+FFFD.
func decodeGB18030(dst, b []byte) (out []byte, wrong int) {
	table := twoBytes()
	for i := 0; i < len(b); {
		from := i
		for i+8 <= len(b) && binary.LittleEndian.Uint64(b[i:])&highs == 0 {
			i += 8
		}
		for i < len(b) && b[i] < 0x80 {
			i++
		}
		dst = append(dst, b[from:i]...)
		for i < len(b) && b[i] >= 0x80 {
			if i+1 < len(b) && b[i] > 0x80 && b[i] < 0xFF && b[i+1] >= 0x40 && b[i+1] < 0xFF {
				if r := table[b[i]-0x81][b[i+1]-0x40]; r >= 0x800 && r < 0x10000 {
					dst = append(dst, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0xBF, 0x80|byte(r)&0xBF)
					i += 2
					continue
				}
			}
			r, n := runeGB18030(b[i:])
			if r == utf8.RuneError {
				wrong++
			}
			dst = utf8.AppendRune(dst, r)
			i += n
		}
	}
	return dst, wrong
}
