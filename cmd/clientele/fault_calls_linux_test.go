package main

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// failingCalls are the system calls that are made to fail.
const failingCalls = "write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,symlinkat,ftruncate"

// tracer is clientele under strace, which makes chosen system calls fail.
type tracer struct {
	self string // this binary under the name of clientele
	log  string
}

func newTracer(t *testing.T) *tracer {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not here to make system calls fail")
	}
	if out, err := exec.Command(strace, "-f", "-qq", "-e", "trace=fsync", "true").CombinedOutput(); err != nil {
		t.Skipf("strace may not trace here: %v: %s", err, out)
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	self := filepath.Join(dir, "clientele")
	if err := os.Symlink(binary, self); err != nil {
		t.Fatal(err)
	}
	return &tracer{self: self, log: filepath.Join(dir, "log")}
}

// command is clientele with some options of strace.
func (tr *tracer) command(args []string, options ...string) *exec.Cmd {
	all := append([]string{"-f", "-qq", "-y", "-e", "signal=none", "-s", "0", "-o", tr.log}, options...)
	if !strings.Contains(strings.Join(options, " "), "signal=KILL") { // faster, and loses signals that are put in
		all = append(all, "--seccomp-bpf")
	}
	all = append(all, tr.self)
	cmd := exec.Command("strace", append(append(all, args...), "--threads", "1")...)
	cmd.Env = append(childEnv(), "GOMAXPROCS=1")
	return cmd
}

// call is a system call on a file of a workspace: the nth of its name on that path.
type call struct {
	name string
	path string // from the workspace on
	to   string // of a rename
	nth  int
}

func (c call) String() string { return fmt.Sprintf("%s of %s (%d)", c.name, c.path, c.nth) }

// calls lists the calls of a log that are about files of a workspace, in their order.
func (tr *tracer) calls(t *testing.T, shop string) []call {
	t.Helper()
	line := regexp.MustCompile(`^\d+ +(\w+)\((.*)`)
	place := regexp.MustCompile(regexp.QuoteMeta(shop) + `(/[^">,]*)?`)
	seen := map[call]int{}
	var out []call
	for text := range strings.Lines(string(read(t, tr.log))) {
		m := line.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		found := place.FindAllString(m[2], -1)
		if len(found) == 0 {
			continue
		}
		c := call{name: m[1], path: strings.TrimPrefix(found[0], shop)}
		if strings.HasPrefix(c.name, "rename") && len(found) > 1 {
			c.to = strings.TrimPrefix(found[1], shop)
		}
		seen[c]++
		c.nth = seen[c]
		out = append(out, c)
	}
	return out
}

// inject makes one call end in a way: error=EIO or signal=KILL.
func (c call) inject(shop, how string) []string {
	return []string{"-e", "trace=" + c.name, "-P", shop + c.path, "-e", fmt.Sprintf("inject=%s:%s:when=%d", c.name, how, c.nth)}
}

// calls makes writes, syncs and renames fail with an input/output error, of
// which each ends the command with one line that names the place and the exit status
// for that, with nothing published that comes after it; and kills the command just
// before each of them.
func (f *faults) calls(t *testing.T) {
	var failed, killed, missed atomic.Int64
	f.traced(t, *faultCalls, func(t *testing.T, tr *tracer, r *rehearsal, list []call, i, share int) {
		r.durable(t, list)
		for k, c := range picked(rand.New(rand.NewPCG(uint64(i), 9)), list, share) {
			if *faultCalls == 0 || (i+k)%2 == 0 {
				count(t, &failed, &missed, r.name, c, func() bool { return r.fails(t, tr, list, c) })
			}
			if *faultCalls == 0 || (i+k)%2 == 1 {
				count(t, &killed, &missed, r.name, c, func() bool { return r.killedBefore(t, tr, c) })
			}
		}
	})
	t.Logf("%d calls failed, %d kills before calls, %d never reached again", failed.Load(), killed.Load(), missed.Load())
	if missed.Load() > failed.Load()+killed.Load() {
		t.Error("most calls were never reached again: the test proves little")
	}
}

// kinds are the calls that series makes fail, under the names that the system has for them.
var kinds = []struct{ name, calls string }{{"fsync", "fsync fdatasync"}, {"write", "write pwrite64"}, {"rename", "rename renameat renameat2"}}

// series makes the first, the second, ... the fiftieth fsync, write and rename of each
// command fail, or as many as it does, each as calls does it.
func (f *faults) series(t *testing.T) {
	const longest = 50
	var failed, missed [3]atomic.Int64
	f.traced(t, *faultSeries, func(t *testing.T, tr *tracer, r *rehearsal, list []call, i, share int) {
		type nth struct {
			kind, n int
			call
		}
		var all []nth
		var counts [3]int
		for _, c := range list {
			kind := slices.IndexFunc(kinds, func(k struct{ name, calls string }) bool {
				return slices.Contains(strings.Fields(k.calls), c.name)
			})
			if kind < 0 || counts[kind] == longest {
				continue
			}
			counts[kind]++
			all = append(all, nth{kind, counts[kind], c})
		}
		for _, c := range picked(rand.New(rand.NewPCG(uint64(i), 10)), all, share) {
			name := fmt.Sprintf("%s, %s number %d", r.name, kinds[c.kind].name, c.n)
			count(t, &failed[c.kind], &missed[c.kind], name, c.call, func() bool { return r.fails(t, tr, list, c.call) })
		}
		t.Logf("%s: up to %d fsyncs, %d writes and %d renames", r.name, counts[0], counts[1], counts[2])
	})
	all, never := int64(0), int64(0)
	for kind, k := range kinds {
		t.Logf("%s: %d failed, %d never reached again", k.name, failed[kind].Load(), missed[kind].Load())
		all, never = all+failed[kind].Load(), never+missed[kind].Load()
	}
	if never > all {
		t.Error("most calls were never reached again: the test proves little")
	}
}

// count tries a call until it is reached, a few times at most: which thread makes a
// call, by which strace counts, is not the same every time.
func count(t *testing.T, reached, missed *atomic.Int64, name string, c call, try func() bool) {
	t.Helper()
	const tries = 5
	for range tries {
		if try() {
			reached.Add(1)
			return
		}
	}
	missed.Add(1)
	t.Logf("%s: %v was never reached again", name, c)
}

// traced lists the calls of the i-th command, for all of them, and has some tried: share, of
// n over all commands, or every one where both are 0.
func (f *faults) traced(t *testing.T, n int, try func(t *testing.T, tr *tracer, r *rehearsal, list []call, i, share int)) {
	t.Helper()
	newTracer(t)
	t.Run("deeds", func(t *testing.T) {
		all := deeds()
		for i, d := range all {
			share := (n + len(all) - 1 - i) / len(all)
			if n > 0 && share == 0 {
				continue
			}
			t.Run(d.name, func(t *testing.T) {
				t.Parallel()
				tr := newTracer(t)
				r := f.rehearsed[d.name](t)
				shop := r.copy(t)
				if out, err := tr.command(r.in(shop), "-e", "trace="+failingCalls).CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				list := tr.calls(t, shop)
				if len(list) < 5 {
					t.Fatalf("only %d calls: %v", len(list), list)
				}
				try(t, tr, r, list, i, share)
			})
		}
	})
}

// durable checks that what was put in place was made durable in the right order: every
// file before the rename of it or of its folder, after the last write to it, and the
// folder that it came into afterwards.
func (r *rehearsal) durable(t *testing.T, list []call) {
	t.Helper()
	renames := 0
	for i, c := range list {
		if !strings.HasPrefix(c.name, "rename") || !strings.Contains(c.path, "/.") || strings.HasPrefix(c.path, "/out") || strings.HasPrefix(c.path, "/.second") {
			continue // what is handed out is made again
		}
		renames++
		unsynced := map[string]bool{}
		for _, before := range list[:i] {
			if before.path != c.path && !strings.HasPrefix(before.path, c.path+"/") {
				continue
			}
			switch before.name {
			case "write", "pwrite64":
				unsynced[before.path] = true
			case "fsync", "fdatasync":
				delete(unsynced, before.path)
			}
		}
		if len(unsynced) > 0 {
			t.Errorf("%s: %s became %s before %v was durable", r.name, c.path, c.to, slices.Sorted(maps.Keys(unsynced)))
		}
		folder := strings.TrimSuffix(filepath.Dir(c.to), "/")
		if !slices.ContainsFunc(list[i:], func(after call) bool { return after.name == "fsync" && after.path == folder }) {
			t.Errorf("%s: %s became %s, and the folder was not made durable", r.name, c.path, c.to)
		}
	}
	if renames == 0 && r.name != "export" {
		t.Errorf("%s: nothing was put in place", r.name)
	}
}

// fails makes a call fail; false when the command does not come to it.
func (r *rehearsal) fails(t *testing.T, tr *tracer, all []call, c call) bool {
	t.Helper()
	shop := r.copy(t)
	stop := watch(shop, r.after)
	cmd := tr.command(r.in(shop), c.inject(shop, "error=EIO")...)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	err := cmd.Run()
	if _, seen := stop(); seen != nil {
		t.Errorf("%s, failing %v: a reader: %v", r.name, c, seen)
	}
	if !strings.Contains(string(read(t, tr.log)), "INJECTED") {
		return false
	}
	how := "failing " + c.String()
	switch {
	case err == nil && !harmless(all, c):
		t.Errorf("%s, %s: went on as if nothing had happened", r.name, how)
	case err != nil && cmd.ProcessState.ExitCode() != exitStorage:
		t.Errorf("%s, %s: exit status %d: %s", r.name, how, cmd.ProcessState.ExitCode(), &errOut)
	case err != nil && (unclear(errOut.String()) != "" || !strings.Contains(errOut.String(), shop)):
		t.Errorf("%s, %s: %q %s, or names no path", r.name, how, &errOut, unclear(errOut.String()))
	}
	state, unread := digests(shop)
	if unread != nil {
		t.Errorf("%s, %s: %v", r.name, how, unread)
		return true
	}
	if other := differences(r.after, state); err == nil && len(other) > 0 {
		t.Errorf("%s, %s: went on, and came to something else: %v", r.name, how, other)
	}
	for _, p := range []struct{ link, part string }{{"/.private-clientele.duckdb/clientele.duckdb", "store/"}, {"/exports/.link-as_of", "exports/as_of"}, {"/lists/.unfinished-", "lists/"}} {
		published := slices.IndexFunc(all, func(x call) bool { return strings.HasPrefix(x.name, "rename") && strings.HasPrefix(x.path, p.link) })
		if err != nil && published >= 0 && slices.Index(all, c) <= published && len(differences(r.before, state, p.part)) > 0 {
			t.Errorf("%s, %s: %s was published all the same", r.name, how, p.part)
		}
	}
	if left, err := leftovers(shop); err != nil || len(left) > 0 {
		t.Errorf("%s, %s: left behind %v, %v", r.name, how, left, err)
	}
	r.interrupted(t, shop, how)
	return true
}

// harmless are the calls whose failure need not end the command: once the new store is
// in its place, the old hash may stay recorded beside the new one; and the note of what
// was done is no fact, for without it the next run does more than it has to.
func harmless(all []call, c call) bool {
	renamed := func(name string) int {
		return slices.IndexFunc(all, func(x call) bool { return strings.HasPrefix(x.name, "rename") && strings.HasSuffix(x.path, "/"+name) })
	}
	at := slices.Index(all, c)
	if noted := renamed("clientele.state.json"); strings.HasSuffix(c.path, "/clientele.state.json") || noted >= 0 && at == noted+1 {
		return true
	}
	published := renamed("clientele.duckdb")
	return published >= 0 && at > published && at <= published+6 && (strings.HasSuffix(c.path, ".sha256") || c.name == "fsync" && c.path == "")
}

// killedBefore kills the command just before a call; false when it does not come to it.
func (r *rehearsal) killedBefore(t *testing.T, tr *tracer, c call) bool {
	t.Helper()
	shop := r.copy(t)
	stop := watch(shop, r.after)
	cmd := tr.command(r.in(shop), c.inject(shop, "signal=KILL")...)
	err := cmd.Run()
	if _, seen := stop(); seen != nil {
		t.Errorf("%s, killed before %v: a reader: %v", r.name, c, seen)
	}
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if err == nil || status.Signal() != syscall.SIGKILL && cmd.ProcessState.ExitCode() != 128+int(syscall.SIGKILL) {
		return false
	}
	r.interrupted(t, shop, "killed before "+c.String())
	return true
}
