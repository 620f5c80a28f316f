package list

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
)

// plain is the least that Addresses have to do.
type plain struct{}

func (plain) Email(s string) (string, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	return s, strings.Count(s, "@") == 1
}

func (plain) Phone(s string) (string, bool) {
	digits := strings.Trim(s, "0123456789+ ")
	return strings.ReplaceAll(s, " ", ""), digits == "" && len(s) >= 8
}

func TestReadSuppression(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
	}{
		{"nothing", "", ""},
		{"blank lines", "\n \r\n", ""},
		{"one a line", "C001\r\n\n Ada@Example.com \n+86 138 0013 8001\n", "C001//:1 /ada@example.com/:3 +86 138 0013 8001//+8613800138001:4"},
		{"byte order mark", "\ufeffC001\n\"C,002\"", "several columns"},
		{"a number is both", "13800138001", "13800138001//13800138001:1"},
		{"no end of line", "C001", "C001//:1"},
		{"no address", "a@b@c\nC1", "C1//:2 unreadable 1"},
		{"header", "\ufeffcustomer_id,note\nC001,\"two\nlines\"\nC002,x\n", "C001//:2 C002//:4"},
		{"one column", "Email\na@b.c\n", "/a@b.c/:2"},
		{"Chinese, semicolons", "备注;手机号;邮箱\n无;13800138001;\n;;a@b.c\n", "//13800138001:2 /a@b.c/:3"},
		{"tabs", "Phone Number\tName\n+8613800138001\tAda\n", "//+8613800138001:2"},
		{"as a list for a spreadsheet has it", "Customer ID,Phone\n\"=\"\"00123\"\"\",\"=\"\"+8613800138001\"\"\"\n'-x,\n", "00123//+8613800138001:2 -x//:3"},
		{"one a line, for a spreadsheet", "\"=\"\"00123\"\"\"\n'+8613800138001\n", "00123//:1 +8613800138001//+8613800138001:2"},
		{"a row without an entry", "email,phone\n,\n", " unreadable 2"},
		{"half a row", "email,phone\nnot one,13800138001\na@b.c,?\n", "//13800138001:2 /a@b.c/:3 unreadable 2,3"},
		{"a short row", "note,email\nx\n", " unreadable 2"},
		{"several columns, no header", "C001\nC002,x\n", `f.csv:2: several columns, and the first line names none of them`},
		{"a quotation mark", "email,note\na@b.c,\"x\ny\n", `f.csv:3: a quotation mark that does not fit`},
		{"another encoding", "C001\n\xc4\xe3\n", "f.csv:2: not UTF-8 text"},
		{"another encoding in a table", "id,email\nC1,a@b.c\nC\xff,\n", "f.csv:3: not UTF-8 text"},
		{"UTF-16", "\xff\xfeC\x000\x00", "f.csv:1: not UTF-8 text"},
		{"no lines at all", strings.Repeat("x", 3<<20), "f.csv:1: not UTF-8 text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := ReadSuppression("f.csv", strings.NewReader(c.text), plain{})
			var got []string
			for _, e := range s.Entries {
				got = append(got, fmt.Sprintf("%s/%s/%s:%d", e.ID, e.Email, e.Phone, e.Line))
			}
			text := strings.Join(got, " ")
			if len(s.Unreadable) > 0 {
				text += " unreadable " + strings.ReplaceAll(strings.Trim(fmt.Sprint(s.Unreadable), "[]"), " ", ",")
			}
			if err != nil {
				if text = err.Error(); !strings.HasPrefix(text, c.want) && !strings.Contains(text, c.want) || c.want == "" {
					t.Errorf("got %s\nwant %s", text, c.want)
				}
				return
			}
			if text != c.want {
				t.Errorf("got %s\nwant %s", text, c.want)
			}
		})
	}
}

func TestSuppressionThatCannotBeRead(t *testing.T) {
	broken := errors.New("the disk is gone")
	for _, text := range []string{"C001\n", "email\n", ""} {
		_, err := ReadSuppression("f.csv", iotestReader(text, broken), plain{})
		if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "f.csv: ") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// iotestReader reads text, then fails.
func iotestReader(text string, err error) *chained {
	return &chained{strings.NewReader(text), iotest.ErrReader(err)}
}

type chained struct {
	first *strings.Reader
	then  interface{ Read([]byte) (int, error) }
}

func (c *chained) Read(p []byte) (int, error) {
	if c.first.Len() > 0 {
		return c.first.Read(p)
	}
	return c.then.Read(p)
}

// No text makes the reader fall over, and every entry says something.
func FuzzReadSuppression(f *testing.F) {
	for _, seed := range []string{"C001\na@b.c\n", "email;phone\na@b.c;1\n", "\ufeffcustomer_id\n\"", "a,b\n", "\n\n\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ReadSuppression("f", strings.NewReader(text), plain{})
		if err != nil && !strings.HasPrefix(err.Error(), "f:") {
			t.Error(err)
		}
		for _, e := range s.Entries {
			if e.ID == "" && e.Email == "" && e.Phone == "" || e.Line < 1 || e.Line > strings.Count(text, "\n")+1 {
				t.Errorf("%+v", e)
			}
		}
	})
}
