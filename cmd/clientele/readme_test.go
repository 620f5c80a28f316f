package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var drawReadme = flag.Bool("readme", false, "walk through the README with the shop of its size, draw its pictures anew and print what comes out")

// repository is the root of the tree.
func repository(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// sessions are the commands that a README shows, in their order, without remarks and
// without the language of what they print.
func sessions(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		command, found := strings.CutPrefix(line, "    $ clientele ")
		if !found {
			continue
		}
		command, _, _ = strings.Cut(command, "  #")
		command = strings.ReplaceAll(" "+strings.TrimSpace(command), " --lang zh", "")
		out = append(out, strings.TrimSpace(command))
	}
	return out
}

// walkOf is the part of a README that goes from a segment to a measured result.
func walkOf(t testing.TB, text, heading string) []string {
	t.Helper()
	_, after, found := strings.Cut(text, "\n## "+heading+"\n")
	if !found {
		t.Fatalf("no chapter %q", heading)
	}
	chapter, _, _ := strings.Cut(after, "\n## ")
	return sessions(chapter)
}

const (
	walkEn = "From a segment to a measured result"
	walkZh = "从客群到可衡量的结果"
)

// Both READMEs show the same commands.
func TestReadmesAgree(t *testing.T) {
	en, zh := sessions(repository(t, "README.md")), sessions(repository(t, "README.zh.md"))
	if len(en) < 30 {
		t.Fatalf("only %d commands in README.md", len(en))
	}
	for i := range max(len(en), len(zh)) {
		a, b := "nothing", "nothing"
		if i < len(en) {
			a = en[i]
		}
		if i < len(zh) {
			b = zh[i]
		}
		if a != b {
			t.Fatalf("command %d is %q in README.md and %q in README.zh.md", i+1, a, b)
		}
	}
}

// Every command and every flag that the READMEs show is there.
func TestReadmeCommands(t *testing.T) {
	for _, name := range []string{"README.md", "README.zh.md"} {
		for _, command := range sessions(repository(t, name)) {
			words := split(command)
			root := newRoot(&app{out: io.Discard, errOut: io.Discard})
			found, rest, err := root.Find(words)
			if err != nil || found == root {
				t.Errorf("%s: %s: no such command: %v", name, command, err)
				continue
			}
			found.InitDefaultHelpFlag()
			if err := found.ParseFlags(rest); err != nil {
				t.Errorf("%s: %s: %v", name, command, err)
			} else if err := found.ValidateArgs(found.Flags().Args()); err != nil && len(found.Flags().Args()) > 0 {
				t.Errorf("%s: %s: %v", name, command, err)
			}
		}
	}
}

// split takes a command line apart at spaces outside of double quotes.
func split(line string) []string {
	var words []string
	var word strings.Builder
	quoted, begun := false, false
	for _, r := range line {
		switch {
		case r == '"':
			quoted, begun = !quoted, true
		case r == ' ' && !quoted:
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		case r == '&' && !quoted, r == '>' && !quoted:
			return words // what the shell does with it
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if begun {
		words = append(words, word.String())
	}
	return words
}

// The script walk does what the README says, on a smaller shop.
func TestReadmeWalkIsTested(t *testing.T) {
	script := repository(t, "testdata/script/walk.txtar")
	var tested []string
	for line := range strings.Lines(script) {
		if command, found := strings.CutPrefix(strings.TrimSpace(line), "clientele "); found {
			command = strings.ReplaceAll(command, "'", `"`)
			tested = append(tested, strings.ReplaceAll(command, " --customers 1500", ""))
		}
	}
	walk := walkOf(t, repository(t, "README.md"), walkEn)
	if len(walk) < 9 {
		t.Fatalf("only %d commands in the walk", len(walk))
	}
	at := 0
	for _, command := range walk {
		i := slices.Index(tested[at:], command)
		if i < 0 {
			t.Fatalf("the script does not run %q after what it ran before", command)
		}
		at += i + 1
	}
	if zh := walkOf(t, repository(t, "README.zh.md"), walkZh); !slices.Equal(zh, walk) {
		t.Errorf("the walk of README.zh.md is %q", zh)
	}
}

// Pictures that the READMEs show are there, and shown.
func TestReadmePictures(t *testing.T) {
	shown := map[string]bool{}
	for _, name := range []string{"README.md", "README.zh.md"} {
		for _, m := range regexp.MustCompile(`!\[[^\]]*\]\(([^)]*)\)`).FindAllStringSubmatch(repository(t, name), -1) {
			shown[m[1]] = true
			if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s shows %s: %v", name, m[1], err)
			}
		}
	}
	drawn, err := filepath.Glob(filepath.Join("..", "..", "testdata", "readme", "*"))
	if err != nil || len(drawn) == 0 {
		t.Fatalf("no pictures: %v", err)
	}
	for _, path := range drawn {
		if name := "testdata/readme/" + filepath.Base(path); !shown[name] {
			t.Errorf("no README shows %s", name)
		}
	}
}

// TestDrawReadme walks through the README when -readme asks for it.
func TestDrawReadme(t *testing.T) {
	if !*drawReadme {
		t.Skip("no -readme")
	}
	for lang, name := range map[string]string{"en": "README.md", "zh": "README.zh.md"} {
		t.Run(lang, func(t *testing.T) { drawWalk(t, lang, name) })
	}
}

// walkKey draws who is kept back in the walk of the README.
var walkKey = strings.Repeat("0123456789abcdef", 4) + "\n"

func drawWalk(t *testing.T, lang, name string) {
	text, heading := repository(t, name), walkEn
	if lang == "zh" {
		heading = walkZh
	}
	_, after, _ := strings.Cut(text, "\n## "+heading+"\n")
	chapter, _, _ := strings.Cut(after, "\n## ")
	drawn, err := filepath.Abs(filepath.Join("..", "..", "testdata", "readme"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for line := range strings.Lines(chapter) {
		command, found := strings.CutPrefix(line, "    $ clientele ")
		if !found {
			continue
		}
		command, _, _ = strings.Cut(command, "  #")
		command = strings.TrimSpace(command)
		var out bytes.Buffer
		if err := run(context.Background(), split(command), &out, io.Discard, time.Now()); err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		fmt.Printf("    $ clientele %s\n%s\n", command, indented(out.String()))
		if strings.HasPrefix(command, "demo shop") {
			if err := os.WriteFile(filepath.Join("shop", "clientele.key"), []byte(walkKey), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	page, err := os.ReadFile(filepath.Join("shop", "exports", "current", "report."+lang+".html"))
	if err != nil {
		t.Fatal(err)
	}
	for picture, id := range map[string]string{"flow": "flow-lifecycle-w", "list": "list-0-w", "lift": "campaign-0-rate-w"} {
		path := filepath.Join(drawn, picture+"."+lang+".svg")
		if err := os.WriteFile(path, []byte(standing(t, string(page), id)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight("    "+line, " \n") + "\n")
	}
	return b.String()
}

// standing is a picture of a report as a file of its own: with the styles that the page
// has for pictures, on white with a margin.
func standing(t *testing.T, page, id string) string {
	t.Helper()
	picture := regexp.MustCompile(`(?s)<svg viewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*aria-labelledby="` + id + `-t.*?</svg>`).FindStringSubmatch(page)
	if picture == nil {
		t.Fatalf("the report has no picture %s", id)
	}
	var style strings.Builder
	for _, rule := range regexp.MustCompile(`(?m)^svg ([^{\n]+\{[^}]*\})`).FindAllStringSubmatch(page, -1) {
		style.WriteString(rule[1])
	}
	const margin = 16
	var width, height float64
	if _, err := fmt.Sscan(picture[1], &width); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(picture[2], &height); err != nil {
		t.Fatal(err)
	}
	width, height = width+2*margin, height+2*margin
	_, body, _ := strings.Cut(picture[0], ">")
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="%d %d %g %g" width="%[3]g" height="%[4]g" role="img" aria-labelledby="%[5]s-t %[5]s-d" `+
		`font-family="-apple-system,Segoe UI,Roboto,Helvetica,Arial,PingFang SC,Microsoft YaHei,Noto Sans CJK SC,sans-serif">`+
		`<style>%[6]s</style><rect x="%[1]d" y="%[2]d" width="%[3]g" height="%[4]g" fill="#fff"/>%[7]s`+"\n", -margin, -margin, width, height, id, style.String(), body)
}
