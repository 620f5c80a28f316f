package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
	"golang.org/x/text/encoding/simplifiedchinese"
)

var update = flag.Bool("update", false, "write what commands print into the scripts' cmp files")

// TestMain makes the test binary be clientele too, when it is called by that
// name: the commands of the tests go through the real main.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"clientele": main,
		"mortal":    func() { become(giveUpRoot) },
		"limited":   func() { become(limitFiles) },
	})
}

// become runs prepare and goes on as the command in the words that prepare
// returns.
func become(prepare func(args []string) ([]string, error)) {
	args, err := prepare(os.Args[1:])
	if err == nil {
		var self string
		if self, err = os.Executable(); err == nil {
			err = syscall.Exec(self, args, os.Environ())
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(99)
}

// limitFiles bounds the size of files that the process may write: limited
// BYTES clientele ...
func limitFiles(args []string) ([]string, error) {
	n, err := strconv.ParseUint(args[0], 10, 64)
	if err != nil {
		return nil, err
	}
	return args[1:], syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n})
}

// TestScripts runs every script. A script is what a user types; besides the
// commands of testscript it may use those of scriptCommands.
func TestScripts(t *testing.T) {
	dir := filepath.Join("..", "..", "testdata", "script")
	if found, err := filepath.Glob(filepath.Join(dir, "*.txtar")); err != nil || len(found) == 0 {
		t.Fatalf("no scripts in %s: %v", dir, err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           dir,
		UpdateScripts: *update,
		Cmds:          scriptCommands(),
		Condition: func(name string) (bool, error) {
			switch name {
			case "mount":
				return canMount(), nil
			case "postgres":
				return postgresPrograms() != "", nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
	})
}

// scriptCommands are the commands that the scripts have of us.
func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"status":  wantStatus,
		"fails":   fails,
		"json":    checkJSON,
		"csv":     checkCSV,
		"same":    same,
		"clean":   clean,
		"gb18030": gb18030,
		"gzip":    gzipFile,
		"bytes":   writeBytes,
		"repeat":  repeat,
		"hold":    hold,
		"records": checkRecords,
		"disk":    disk,

		"exports":  writeExports,
		"xlsx":     xlsx,
		"sqlite":   sqlite,
		"postgres": postgres,
		"expand":   expand,
	}
}

// wantStatus runs a command that must end with a status: status N COMMAND...
func wantStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND...")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, not %s", got, args[0])
	}
}

// fails is status for a mistake: one clear line on standard error, nothing on
// standard output.
func fails(ts *testscript.TestScript, neg bool, args []string) {
	wantStatus(ts, neg, args)
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("standard output is not empty")
	}
	if doubt := unclear(ts.ReadFile("stderr")); doubt != "" {
		ts.Fatalf("the message %s", doubt)
	}
}

// systemCall is how package os begins its errors.
var systemCall = regexp.MustCompile(`\b(stat|lstat|mkdir|rename|remove|symlink|readlink) \S+: `)

// unclear says what is wrong with a message of a mistake, or "".
func unclear(message string) string {
	switch {
	case !strings.HasPrefix(message, "clientele: "):
		return "does not begin with clientele:"
	case strings.Count(message, "\n") != 1 || !strings.HasSuffix(message, "\n"):
		return "is not one line"
	case len(message) > 500:
		return "is too long"
	}
	for _, word := range []string{
		"panic", "goroutine", ".go:", "%!", "<nil>", "0x", "sql:", "EOF", "strconv", "runtime", "interface", "unmarshal",
		"context canceled", "arg(s)", "failed to", "Failed to", "syscall", ".private-",
	} {
		if strings.Contains(message, word) {
			return fmt.Sprintf("is made for programmers: it has %q", word)
		}
	}
	if call := systemCall.FindString(message); call != "" {
		return fmt.Sprintf("names a system call: %q", call)
	}
	return ""
}

// checkJSON parses JSON as a whole: json FILE (or stdout).
func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile(args[0])
	var v any
	dec := json.NewDecoder(strings.NewReader(text))
	err := dec.Decode(&v)
	if err == nil {
		if _, err = dec.Token(); err == io.EOF {
			err = nil
		} else {
			err = errors.New("more than one value")
		}
	}
	if (err == nil) == neg {
		ts.Fatalf("%s as JSON: %v", args[0], err)
	}
}

// checkCSV parses a file as CSV with rows of one length: csv FILE [ROWS], the
// header not counted.
func checkCSV(ts *testscript.TestScript, _ bool, args []string) {
	rows, err := csv.NewReader(strings.NewReader(ts.ReadFile(args[0]))).ReadAll()
	ts.Check(err)
	if len(args) > 1 && strconv.Itoa(len(rows)-1) != args[1] {
		ts.Fatalf("%s has %d rows, not %s", args[0], len(rows)-1, args[1])
	}
}

// same compares two files byte by byte without printing them.
func same(ts *testscript.TestScript, neg bool, args []string) {
	a, b := ts.ReadFile(args[0]), ts.ReadFile(args[1])
	if (a == b) == neg {
		ts.Fatalf("%s (%d bytes), %s (%d bytes): same is %v", args[0], len(a), args[1], len(b), a == b)
	}
}

// clean checks that a workspace holds nothing half-written: clean [DIR].
func clean(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(strings.Join(args, ""))
	left, err := leftovers(dir)
	ts.Check(err)
	if len(left) > 0 {
		ts.Fatalf("left behind: %s", strings.Join(left, ", "))
	}
}

// leftovers are the hidden files and the write-ahead logs below a workspace,
// apart from what belongs there.
func leftovers(dir string) ([]string, error) {
	var left []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		name := filepath.Base(path)
		if err != nil || path == dir || name == ".runs" || name == ".tmp" || name == ".clientele-demo" {
			return err
		}
		if strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".wal") {
			left = append(left, path)
		}
		return nil
	})
	return left, err
}

// gb18030 encodes a UTF-8 file as Chinese exports are: gb18030 IN OUT.
func gb18030(ts *testscript.TestScript, _ bool, args []string) {
	text, err := simplifiedchinese.GB18030.NewEncoder().String(ts.ReadFile(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o666))
}

// gzipFile compresses a file: gzip IN OUT.
func gzipFile(ts *testscript.TestScript, _ bool, args []string) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, ts.ReadFile(args[0]))
	ts.Check(errors.Join(err, w.Close()))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o666))
}

// writeBytes makes a file of hexadecimal digits: bytes FILE HEX...
func writeBytes(ts *testscript.TestScript, _ bool, args []string) {
	data, err := hex.DecodeString(strings.Join(args[1:], ""))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o666))
}

// repeat makes a file of a header and numbered rows: repeat FILE N HEADER ROW,
// where # in ROW is the number, from 1 on.
func repeat(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	var b strings.Builder
	fmt.Fprintln(&b, args[2])
	for i := 1; i <= n; i++ {
		fmt.Fprintln(&b, strings.ReplaceAll(args[3], "#", strconv.Itoa(i)))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o666))
}

// hold takes the lock of a workspace until the script ends: hold DIR.
func hold(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.OpenFile(filepath.Join(ts.MkAbs(args[0]), "clientele.lock"), os.O_RDWR|os.O_CREATE, 0o666)
	ts.Check(err)
	ts.Defer(func() { f.Close() })
	ts.Check(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB))
	_, err = f.WriteString("4711 2026-01-02T03:04:05Z\n")
	ts.Check(err)
}

// disk puts a small disk in memory at a folder until the script ends: disk DIR SIZE.
func disk(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	unmount, err := mount(dir, args[1])
	ts.Check(err)
	ts.Defer(func() {
		if err := unmount(); err != nil {
			ts.Logf("%v", err)
		}
	})
}

// TestHelp holds every command to an example, a sentence, and a --help that
// works.
func TestHelp(t *testing.T) {
	root := newRoot(&app{out: io.Discard, errOut: io.Discard})
	seen := 0
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
		if cmd.Name() == "help" || cmd.Name() == "completion" || cmd.HasParent() && cmd.Parent().Name() == "completion" {
			return
		}
		seen++
		if cmd.Short == "" || !strings.Contains(cmd.Example, cmd.CommandPath()) {
			t.Errorf("%s: short %q, example %q", cmd.CommandPath(), cmd.Short, cmd.Example)
		}
		var out, errOut bytes.Buffer
		args := append(strings.Fields(cmd.CommandPath())[1:], "--help")
		if err := run(t.Context(), args, &out, &errOut, time.Now()); err != nil || errOut.Len() > 0 || !strings.Contains(out.String(), "Examples:\n"+cmd.Example) {
			t.Errorf("%v: %v, %s", args, err, &errOut)
		}
	}
	walk(root)
	if seen < 18 { // the root, segment and 16 that do something
		t.Errorf("only %d commands", seen)
	}
}
