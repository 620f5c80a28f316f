package segment

import (
	"strings"
	"testing"
)

// Every example of the guide, in both languages, is a rule that can be run.
func TestGuide(t *testing.T) {
	cat := shop()
	cat.Attributes = nil
	cat.Segments = append(cat.Segments, Named{Scheme: "lifecycle", Name: "new", Column: "lifecycle_stage"})
	for _, lang := range []string{"en", "zh"} {
		examples := 0
		for line := range strings.Lines(Guide(lang)) {
			example, ok := strings.CutPrefix(line, "    ")
			if !ok || strings.HasPrefix(example, " ") || strings.HasPrefix(example, "clientele ") {
				continue
			}
			example = exampleOf(example)
			r, err := Parse(example)
			if err == nil {
				err = r.Check(cat)
			}
			if err != nil {
				t.Errorf("%s: %q: %v", lang, example, err)
			}
			examples++
		}
		if examples < 30 {
			t.Errorf("%s: only %d examples", lang, examples)
		}
	}
}

// exampleOf is a line of the guide without its explanation, which begins after two
// blanks.
func exampleOf(line string) string {
	example, _, _ := strings.Cut(strings.TrimSpace(line), "  ")
	return example
}

func TestNames(t *testing.T) {
	en, zh := shop().Names("en"), shop().Names("zh")
	if en.Rows() != zh.Rows() || en.Rows() < len(shop().Columns)+len(measures()) {
		t.Errorf("%d names in English, %d in Chinese", en.Rows(), zh.Rows())
	}
	for _, m := range measures() {
		if m.en == "" || m.zh == "" {
			t.Errorf("%s has no meaning", m.name)
		}
	}
}
