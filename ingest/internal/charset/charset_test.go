package charset

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestFind(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "auto": "", "UTF-8": "utf-8", "utf8": "utf-8", "GBK": "gb18030", "gb2312": "gb18030", "GB18030": "gb18030",
		"utf-16": "utf-16", "UTF16LE": "utf-16le", "utf-16be": "utf-16be",
		"latin-1": "windows-1252", "Latin1": "windows-1252", "ISO-8859-1": "windows-1252", "iso_8859-1": "windows-1252", "cp1252": "windows-1252", "windows-1252": "windows-1252",
		"iso-8859-15": "iso-8859-15", "latin9": "iso-8859-15", "windows-1251": "windows-1251", "cp1251": "windows-1251", "koi8-r": "koi8-r",
		"Shift-JIS": "shift_jis", "shift_jis": "shift_jis", "sjis": "shift_jis", "cp932": "shift_jis", "Big5": "big5", "cp950": "big5",
		"EUC-KR": "euc-kr", "cp949": "euc-kr", "euc_kr": "euc-kr", "euc-jp": "euc-jp",
	} {
		if got, err := Find(name); err != nil || got != want {
			t.Errorf("%q is %q, %v; want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"ebcdic", "replacement", "x-user-defined", "utf-7", "utf-32"} {
		if got, err := Find(name); err == nil || !strings.HasPrefix(err.Error(), `encoding "`+name+`" is not known: use auto, utf-8`) {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
}

// Bytes from the tables of the Unicode consortium (and for Big5 and Shift JIS
// the indexes of the Encoding Standard), written by hand.
func TestReader(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"windows-1252", "caf\xe9 \x80 \x93x\x94", "café € “x”"},
		{"windows-1252", "a\x81b", "a\ufffdb"}, // a byte without a character
		{"iso-8859-15", "\xa4\xbd", "€œ"},
		{"windows-1251", "\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"},
		{"shift_jis", "\x93\xfa\x96\x7b,\xb1\n", "日本,ｱ\n"},
		{"shift_jis", "\x93,x", "\ufffd,x"}, // half a character swallows no delimiter
		{"big5", "\xa4\xa4\xa4\xe5,\xff", "中文,\ufffd"},
		{"euc-kr", "\xc7\xd1\xb1\xdb", "한글"},
		{"utf-16le", "a\x00\x2d\x4e\x3d\xd8\x00\xde\n\x00", "a中😀\n"},
		{"utf-16be", "\x00a\x4e\x2d\xd8\x3d\xde\x00\x00\n", "a中😀\n"},
		{"utf-16le", "\x3d\xd8a\x00\x00\xde", "\xed\xa0\xbda\xed\xb8\x80"},
		{"utf-16le", "a\x00b", "a\xff"},
		{"utf-16be", "\xd8\x3d", "\xed\xa0\xbd"},
		{"utf-16le", "", ""},
	} {
		for _, narrow := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.DataErrReader} {
			r, err := Reader(narrow(strings.NewReader(c.in)), c.name)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if err != nil || string(got) != c.want {
				t.Errorf("%s %q: %q, %v; want %q", c.name, c.in, got, err, c.want)
			}
		}
	}
	if _, err := Reader(nil, "ebcdic"); err == nil {
		t.Error("an encoding that nobody has")
	}
	broken, err := Reader(iotest.ErrReader(io.ErrUnexpectedEOF), UTF16LE)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(broken); err != io.ErrUnexpectedEOF {
		t.Errorf("an error on the way became %v", err)
	}
}

func encode(s string, big bool) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return out
}

func TestGuess(t *testing.T) {
	table := "订单编号,客户,金额\n1001,张三丰,12\n1002,李四,7\n"
	for _, c := range []struct {
		name string
		in   []byte
		want string
	}{
		{"marked", append([]byte("\xff\xfe"), encode("a", false)...), UTF16LE},
		{"marked, high byte first", append([]byte("\xfe\xff"), encode("a", true)...), UTF16BE},
		{"bare", encode("id,net\r\n1,2\r\n", false), UTF16LE},
		{"bare, high byte first", encode("id,net\r\n1,2\r\n", true), UTF16BE},
		{"Chinese", encode(table, false), UTF16LE},
		{"Chinese, high byte first", encode(table, true), UTF16BE},
		{"cut", encode(table, false)[:31], UTF16LE},
		{"UTF-8", []byte(table), ""},
		{"a NUL", []byte("id,net\n1\x00,2\n3,4\n5,6\n7,8\n"), ""},
		{"UTF-32", []byte("\xff\xfe\x00\x00a\x00\x00\x00"), ""},
		{"no line end", encode("id,net", false), ""},
		{"little numbers", []byte{1, 0, 2, 0, 10, 0, 3, 0}, ""},
		{"nothing", nil, ""},
		{"one byte", []byte{0}, ""},
	} {
		if got := Guess(c.in); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// What unicode/utf16 makes of the units comes out, where every unit is a character or half of a pair.
func TestUTF16Properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, big := rapid.String().Draw(t, "text"), rapid.Bool().Draw(t, "high byte first")
		name := UTF16LE
		if big {
			name = UTF16BE
		}
		r, err := Reader(iotest.HalfReader(bytes.NewReader(encode(text, big))), name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || string(got) != text {
			t.Fatalf("%q came back as %q, %v", text, got, err)
		}
	})
}

// FuzzUTF16 decodes any bytes: as unicode/utf16 does, except that what is not
// UTF-16 is not UTF-8 either.
func FuzzUTF16(f *testing.F) {
	f.Add([]byte("a\x00\x3d\xd8\x00\xde"), false)
	f.Add([]byte("\xd8\x3d\x00a\x00"), true)
	f.Fuzz(func(t *testing.T, in []byte, big bool) {
		got, used := appendUTF16(nil, in, big, true)
		if used != len(in) {
			t.Fatalf("%d of %d bytes", used, len(in))
		}
		units := make([]uint16, 0, len(in)/2)
		for i := 0; i+1 < len(in); i += 2 {
			a, b := in[i], in[i+1]
			if big {
				a, b = b, a
			}
			units = append(units, uint16(a)|uint16(b)<<8)
		}
		want := utf16.Decode(units)
		broken := len(in)%2 == 1 || len(utf16.Encode(want)) != len(units) || string(encode(string(want), big)) != string(in)
		if broken != !utf8.Valid(got) {
			t.Fatalf("broken %v, yet %q", broken, got)
		}
		if !broken && string(got) != string(want) {
			t.Fatalf("%q, want %q", got, string(want))
		}
	})
}
