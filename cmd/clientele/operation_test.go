package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// installed is where the examples have the program.
const installed = "/usr/local/bin/clientele"

func operation(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "operation", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Every command that the examples run is one of ours, with flags that it has.
func TestOperationCommands(t *testing.T) {
	commands := map[string][]string{}
	for _, name := range []string{"clientele-run.service", "crontab"} {
		for line := range strings.Lines(operation(t, name)) {
			if _, words, ok := strings.Cut(line, installed+" "); ok {
				commands[name] = append(commands[name], strings.TrimSpace(words))
			}
		}
	}
	calls := regexp.MustCompile(`clientele\(("[^)]*)\)`)
	for _, call := range calls.FindAllStringSubmatch(operation(t, "clientele_dag.py"), -1) {
		words := strings.NewReplacer(`"`, "", ",", "").Replace(strings.Replace(call[1], " day,", " 2026-01-31,", 1))
		commands["clientele_dag.py"] = append(commands["clientele_dag.py"], "-C /data/shop "+words)
	}
	for name, least := range map[string]int{"clientele-run.service": 2, "crontab": 2, "clientele_dag.py": 3} {
		if len(commands[name]) < least {
			t.Errorf("%s: only %q", name, commands[name])
		}
		for _, command := range commands[name] {
			root := newRoot(&app{out: io.Discard, errOut: io.Discard})
			found, rest, err := root.Find(split(command))
			if err != nil || found == root {
				t.Errorf("%s: %s: no such command: %v", name, command, err)
				continue
			}
			if err := found.ParseFlags(rest); err != nil {
				t.Errorf("%s: %s: %v", name, command, err)
			} else if err := found.ValidateArgs(found.Flags().Args()); err != nil {
				t.Errorf("%s: %s: %v", name, command, err)
			}
		}
	}
}

// systemd finds nothing to say about the units, the program being where they say.
func TestSystemdUnits(t *testing.T) {
	verify, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not here")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var units []string
	for _, name := range []string{"clientele-run.service", "clientele-run.timer"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(operation(t, name), installed, program)), 0o600); err != nil {
			t.Fatal(err)
		}
		units = append(units, path)
	}
	out, err := exec.CommandContext(t.Context(), verify, append([]string{"verify", "--man=no"}, units...)...).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "clientele-run") {
			t.Errorf("systemd-analyze: %s", line)
		}
	}
	if err != nil && strings.Contains(string(out), "clientele-run") {
		t.Error(err)
	}
	calendar := regexp.MustCompile(`OnCalendar=(.*)`).FindStringSubmatch(operation(t, "clientele-run.timer"))
	if out, err := exec.CommandContext(t.Context(), verify, "calendar", calendar[1]).CombinedOutput(); err != nil {
		t.Errorf("OnCalendar: %v: %s", err, out)
	}
}

// Each line of the crontab is a comment, a variable, or five fields within their
// ranges and a command without a %, which cron would take for the end of it.
func TestCrontab(t *testing.T) {
	jobs := 0
	for line := range strings.Lines(operation(t, "crontab")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || regexp.MustCompile(`^[A-Z_]+=\S+$`).MatchString(line) {
			continue
		}
		jobs++
		if doubt := cronDoubt(line); doubt != "" {
			t.Errorf("%s: %s", line, doubt)
		}
	}
	if jobs < 2 {
		t.Errorf("%d jobs", jobs)
	}
	for line, want := range map[string]string{"60 2 * * * x": "minute", "0 24 * * * x": "hour", "* * 0 * * x": "day", "0 2 * * x": "fields", "0 2 * * * date +%F": "%"} {
		if got := cronDoubt(line); !strings.Contains(got, want) {
			t.Errorf("%s: %q", line, got)
		}
	}
}

// cronDoubt says what is wrong with a line of a crontab, or "".
func cronDoubt(line string) string {
	words := strings.Fields(line)
	if len(words) < 6 {
		return "too few fields"
	}
	for i, field := range []struct {
		name        string
		least, most int
	}{{"minute", 0, 59}, {"hour", 0, 23}, {"day", 1, 31}, {"month", 1, 12}, {"weekday", 0, 7}} {
		for _, part := range strings.Split(words[i], ",") {
			part, step, stepped := strings.Cut(part, "/")
			if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1) {
				return field.name
			}
			if part == "*" {
				continue
			}
			from, to, _ := strings.Cut(part, "-")
			for _, end := range []string{from, to} {
				if n, err := strconv.Atoi(end); end != "" && (err != nil || n < field.least || n > field.most) {
					return field.name
				}
			}
		}
	}
	if strings.Contains(strings.Join(words[5:], " "), "%") {
		return "a % in the command"
	}
	return ""
}

// airflow stands in for Airflow: tasks are functions that are called by name.
const airflow = `
import sys, types, os, json
from datetime import datetime, timezone

tasks = {}

class Called:
    def __rshift__(self, other): return other

def task(function=None, **_):
    def keep(f):
        tasks[f.__name__] = f
        return lambda *a, **k: Called()
    return keep(function) if function else keep

def dag(**settings):
    assert settings["max_active_runs"] == 1 and settings["schedule"], settings
    return lambda f: f

class AirflowException(Exception): pass
class AirflowFailException(AirflowException): pass
class AirflowSkipException(AirflowException): pass

package = types.ModuleType("airflow")
decorators = types.ModuleType("airflow.decorators"); decorators.dag, decorators.task = dag, task
exceptions = types.ModuleType("airflow.exceptions")
for e in (AirflowException, AirflowFailException, AirflowSkipException): setattr(exceptions, e.__name__, e)
sys.modules.update({"airflow": package, "airflow.decorators": decorators, "airflow.exceptions": exceptions})

path, program, cases = sys.argv[1:]
text = open(path).read().replace('"/usr/local/bin/clientele"', repr(program))
exec(compile(text, path, "exec"), {"__name__": "dag"})
for name, status, printed in json.loads(cases):
    os.environ.update(STATUS=str(status), PRINTED=printed)
    given = {"run": {"data_interval_end": datetime(2026, 3, 1, 2, 30, tzinfo=timezone.utc)}, "doctor": {}, "export": {"night": json.loads(printed or "{}")}}[name]
    try:
        print("returned", json.dumps(tasks[name](**given)))
    except Exception as e:
        print(type(e).__name__, e)
`

// The DAG is Python, and its tasks do with each exit status what they should.
// Airflow itself is not needed: what it has to bring is stood in for.
func TestAirflowDAG(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not here")
	}
	dir := t.TempDir()
	path, program, harness := filepath.Join(dir, "clientele_dag.py"), filepath.Join(dir, "clientele"), filepath.Join(dir, "harness.py")
	for name, text := range map[string]string{
		path: operation(t, "clientele_dag.py"), harness: airflow,
		program: "#!/bin/sh\necho \"$@\" >> " + filepath.Join(dir, "called") + "\nprintf '%s\\n' \"$PRINTED\"\nexit $STATUS\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), python, "-m", "py_compile", path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	night := func(status int, outcome string) string {
		return fmt.Sprintf(`{"exit_status":%d,"error":"too few orders","outcome":%q,"read":3,"accepted":2,"rejected":1,"seconds":1.5}`, status, outcome)
	}
	cases := []struct {
		task    string
		status  int
		printed string
		want    string
	}{
		{"run", 0, night(0, "published"), `returned {"outcome": "published", "exit_status": 0, "read": 3,`},
		{"run", exitRefused, night(exitRefused, "published"), `returned {"outcome": "published", "exit_status": 3`},
		{"run", exitLocked, night(exitLocked, "failed"), "AirflowException another process"},
		{"run", exitHeld, night(exitHeld, "held"), "AirflowFailException too few orders"},
		{"run", exitStorage, night(exitStorage, "failed"), "AirflowException too few orders"},
		{"run", exitUsage, "", "AirflowException exit status 2"},
		{"doctor", 0, "[]", "returned null"},
		{"doctor", 1, `[{"check":"space","state":"fail","en":"none"},{"check":"lock","state":"ok","en":"free"}]`, "AirflowFailException space: none"},
		{"export", 0, night(0, "unchanged"), "AirflowSkipException nothing new: unchanged"},
		{"export", 0, night(0, "published"), "returned null"},
		{"export", 1, night(0, "published"), "AirflowException exit status 1"},
	}
	var given [][3]any
	for _, c := range cases {
		given = append(given, [3]any{c.task, c.status, c.printed})
	}
	list, err := json.Marshal(given)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), python, harness, path, program, string(list)).CombinedOutput()
	lines := strings.Split(string(out), "\n")
	if err != nil || len(lines) != len(cases)+1 {
		t.Fatalf("%v: %s", err, out)
	}
	for i, c := range cases {
		if !strings.HasPrefix(lines[i], c.want) {
			t.Errorf("%s, status %d: %s\nwant %s", c.task, c.status, lines[i], c.want)
		}
	}
	called, err := os.ReadFile(filepath.Join(dir, "called"))
	if err != nil || !strings.Contains(string(called), "-C /data/shop run --as-of 2026-02-28 --format json --log json\n") {
		t.Errorf("%v: %s", err, called)
	}
}
