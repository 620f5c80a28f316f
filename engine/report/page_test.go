package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var preview = flag.String("preview", "", "folder to write the report of the made-up shop to, for looking at")

func written(t testing.TB, d *Data, lang string) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, d, lang); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPreview writes the report of the made-up shop when -preview asks for it.
func TestPreview(t *testing.T) {
	if *preview == "" {
		t.Skip("no -preview folder")
	}
	m, meta := shop(t, 9000)
	for _, lang := range []string{"en", "zh"} {
		if err := os.WriteFile(filepath.Join(*preview, "report."+lang+".html"), []byte(written(t, build(t, m, meta), lang)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	meta.Models, meta.Expected = meta.Models[:1], nil
	if err := os.WriteFile(filepath.Join(*preview, "empty.en.html"), []byte(written(t, build(t, empty(t), meta), "en")), 0o644); err != nil {
		t.Fatal(err)
	}
}
