package identity

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestReadLinks(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []Pair
	}{
		{"both actions", "left,right,action\nC001,crm:5,merge\nC002,C003,forbid\n",
			[]Pair{{"C001", "crm:5", false, "links.csv:2"}, {"C002", "C003", true, "links.csv:3"}}},
		{"merge is what a blank means", "left,right,action\na,b,\n", []Pair{{"a", "b", false, "links.csv:2"}}},
		{"and no column", "left,right\na,b\n", []Pair{{"a", "b", false, "links.csv:2"}}},
		{"columns in any order, with a note", "note,action,right,left\nsame house,FORBID,b,a\n", []Pair{{"a", "b", true, "links.csv:2"}}},
		{"comments and blank lines", "# of the shop in Lyon\nleft,right\n\n# twins\na,b\n", []Pair{{"a", "b", false, "links.csv:5"}}},
		{"an id that begins like a comment", "left,right\n\"#1001\",b\n", []Pair{{"#1001", "b", false, "links.csv:2"}}},
		{"quotes, line ends of another system, a mark at the start", "\ufeffLeft,Right\r\n\"a,1\", b \r\n", []Pair{{"a,1", "b", false, "links.csv:2"}}},
		{"a record over two lines", "left,right,note\na,b,\"one\ntwo\"\nc,d,\n", []Pair{{"a", "b", false, "links.csv:2"}, {"c", "d", false, "links.csv:4"}}},
		{"Chinese", "left,right\n会员1,会员2\n", []Pair{{"会员1", "会员2", false, "links.csv:2"}}},
		{"a header only", "left,right,action\n", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ReadLinks("links.csv", strings.NewReader(c.text))
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("got %v, %v; want %v", got, err, c.want)
			}
		})
	}
}

func TestReadLinksErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "links.csv: is empty: its first line must be left,right,action"},
		{"comments only", "# nothing\n", "links.csv: is empty: its first line must be left,right,action"},
		{"no header", "C001,C002,merge\n", `links.csv:1: column "C001" is none of left, right, action and note`},
		{"a column is missing", "left,action\na,merge\n", "links.csv:1: no column right: the first line must be left,right,action"},
		{"a column twice", "left,right,left\na,b,c\n", "links.csv:1: column left stands twice"},
		{"another action", "left,right,action\na,b,merge\nc,d,split\n", `links.csv:3: column action: "split": not merge or forbid`},
		{"no id", "left,right\na,\n", "links.csv:2: column right: no customer id"},
		{"the same id", "left,right\na,a\n", `links.csv:2: left and right are both "a"`},
		{"too few columns", "left,right,action\na,b\n", "links.csv:2: 2 columns where the header has 3"},
		{"too many", "left,right\na,b,merge\n", "links.csv:2: 3 columns where the header has 2"},
		{"a quote that does not end", "left,right\na,b\n\"c,d\n", `links.csv:3: a quote that does not end, or inside a cell: quote the whole cell and write "" for one quote`},
		{"another encoding", "left,right\na,\xd6\xd0\n", `links.csv:2: column right: "\xd6\xd0": not UTF-8 text: save the file as UTF-8`},
		{"an id without end", "left,right\na," + strings.Repeat("b", 2000) + "\n", "links.csv:2: column right: an id of 2000 bytes: at most 1024 make sense"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pairs, err := ReadLinks("links.csv", strings.NewReader(c.text))
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, %v\nwant %s", pairs, err, c.want)
			}
		})
	}
}

// endless is a file without end.
type endless struct{ start io.Reader }

func (e endless) Read(p []byte) (int, error) {
	if n, err := e.start.Read(p); err == nil {
		return n, nil
	}
	for i := range p {
		p[i] = '#'
	}
	return len(p), nil
}

func TestReadLinksEndless(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 256 MiB")
	}
	_, err := ReadLinks("links.csv", endless{strings.NewReader("left,right\n")})
	if want := "links.csv: is larger than 256 MiB, more than a link file may be"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// Whatever a file holds, it is read or refused in one line that names it, and
// what is read has two ids.
func FuzzReadLinks(f *testing.F) {
	for _, seed := range []string{"left,right,action\na,b,merge\n", "left,right\n\"#1\",\"x\ny\"\n", "\ufeffleft,right,note\r\n会员,crm:5,\r\n",
		"left\n", "\"", "left,right\n\"a,b", "#", "left,right,action\na,b,forbid\nb,a,\n", "left,right\na\x00,b\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		pairs, err := ReadLinks("links.csv", strings.NewReader(text))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "links.csv:") || strings.ContainsAny(err.Error(), "\r\n") || pairs != nil {
				t.Errorf("%d pairs and error %q", len(pairs), err)
			}
			return
		}
		for _, p := range pairs {
			var line int
			if _, err := fmt.Sscanf(p.Place, "links.csv:%d", &line); err != nil || line < 2 || line > strings.Count(text, "\n")+1 {
				t.Errorf("place %q", p.Place)
			}
			if p.Left == "" || p.Right == "" || p.Left == p.Right || !utf8.ValidString(p.Left+p.Right) {
				t.Errorf("pair %+v", p)
			}
		}
	})
}
