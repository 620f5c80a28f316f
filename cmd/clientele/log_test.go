package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// checkRecords parses a file as records of a log, one JSON object a line with time,
// level and msg: records FILE (or stderr).
func checkRecords(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile(args[0])
	if neg || text == "" {
		ts.Fatalf("no records in %s", args[0])
	}
	for line := range strings.Lines(text) {
		var record struct{ Time, Level, Msg string }
		if err := json.Unmarshal([]byte(line), &record); err != nil || record.Time == "" || record.Msg == "" || !slices.Contains([]string{"INFO", "WARN", "ERROR"}, record.Level) {
			ts.Fatalf("no record: %v: %s", err, line)
		}
	}
}

// The form of the log is known though the arguments are wrong elsewhere.
func TestLogOf(t *testing.T) {
	for _, c := range []struct {
		args  string
		form  string
		quiet bool
	}{
		{"run", "", false}, {"run --log json", "json", false}, {"--log=text run -q", "text", true}, {"run --log", "", false},
		{"run --log yaml", "", false}, {"query -- --log json", "", false}, {"--quiet run --frobnicate --log json", "json", true},
	} {
		if form, quiet := logOf(strings.Fields(c.args)); form != c.form || quiet != c.quiet {
			t.Errorf("%s: %q, %v", c.args, form, quiet)
		}
	}
}

// Lines become records however they are cut into writes, and identifiers do not.
func TestRecords(t *testing.T) {
	var out strings.Builder
	r := &records{log: newLog(&out, logJSON, false)}
	for _, part := range []string{"one", " line\n\ntwo ann@shop", ".example 13812345678\nrest"} {
		if n, err := r.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	var messages []string
	for line := range strings.Lines(out.String()) {
		var record struct{ Msg string }
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		messages = append(messages, record.Msg)
	}
	if !slices.Equal(messages, []string{"one line", "two ***@*** ***"}) {
		t.Errorf("%q", messages)
	}
	out.Reset()
	quiet := newLog(&out, logText, true)
	quiet.Info("stage")
	quiet.Warn("reject")
	if strings.Contains(out.String(), "stage") || !strings.Contains(out.String(), "msg=reject") {
		t.Errorf("quiet: %s", &out)
	}
}
