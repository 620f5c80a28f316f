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
	newTracer(t)
	var failed, killed, missed atomic.Int64
	t.Run("deeds", func(t *testing.T) {
		all := deeds()
		for i, d := range all {
			share := (*faultCalls + len(all) - 1 - i) / len(all)
			if *faultCalls > 0 && share == 0 {
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
				r.durable(t, list)
				seeded := rand.New(rand.NewPCG(uint64(i), 9))
				for k, c := range picked(seeded, list, share) {
					if *faultCalls == 0 || (i+k)%2 == 0 {
						r.fails(t, tr, list, c, &failed, &missed)
					}
					if *faultCalls == 0 || (i+k)%2 == 1 {
						r.killedBefore(t, tr, c, &killed, &missed)
					}
				}
			})
		}
	})
	t.Logf("%d calls failed, %d kills before calls, %d not reached the second time", failed.Load(), killed.Load(), missed.Load())
	if missed.Load() > failed.Load()+killed.Load() {
		t.Error("most calls were not reached the second time: the test proves little")
	}
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

// fails makes a call fail.
func (r *rehearsal) fails(t *testing.T, tr *tracer, all []call, c call, failed, missed *atomic.Int64) {
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
		missed.Add(1)
		return
	}
	failed.Add(1)
	how := "failing " + c.String()
	switch {
	case err == nil && !harmless(all, c):
		t.Errorf("%s, %s: went on as if nothing had happened", r.name, how)
	case err != nil && cmd.ProcessState.ExitCode() != exitStorage:
		t.Errorf("%s, %s: exit status %d: %s", r.name, how, cmd.ProcessState.ExitCode(), &errOut)
	case err != nil && (unclear(errOut.String()) != "" || !strings.Contains(errOut.String(), shop)):
		t.Errorf("%s, %s: %q %s, or names no path", r.name, how, &errOut, unclear(errOut.String()))
	}
	state, err := digests(shop)
	if err != nil {
		t.Errorf("%s, %s: %v", r.name, how, err)
		return
	}
	for _, p := range []struct{ link, part string }{{"/.private-clientele.duckdb/clientele.duckdb", "store/"}, {"/exports/.link-as_of", "exports/as_of"}, {"/lists/.unfinished-", "lists/"}} {
		published := slices.IndexFunc(all, func(x call) bool { return strings.HasPrefix(x.name, "rename") && strings.HasPrefix(x.path, p.link) })
		if published >= 0 && slices.Index(all, c) <= published && len(differences(r.before, state, p.part)) > 0 {
			t.Errorf("%s, %s: %s was published all the same", r.name, how, p.part)
		}
	}
	if left, err := leftovers(shop); err != nil || len(left) > 0 {
		t.Errorf("%s, %s: left behind %v, %v", r.name, how, left, err)
	}
	r.interrupted(t, shop, how)
}

// harmless are the calls whose failure need not end the command: once the new store is
// in its place, the old hash may stay recorded beside the new one.
func harmless(all []call, c call) bool {
	published := slices.IndexFunc(all, func(x call) bool {
		return strings.HasPrefix(x.name, "rename") && strings.HasSuffix(x.path, "/clientele.duckdb")
	})
	at := slices.Index(all, c)
	return published >= 0 && at > published && at <= published+6 && (strings.HasSuffix(c.path, ".sha256") || c.name == "fsync" && c.path == "")
}

// killedBefore kills the command just before a call.
func (r *rehearsal) killedBefore(t *testing.T, tr *tracer, c call, killed, missed *atomic.Int64) {
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
		missed.Add(1)
		return
	}
	killed.Add(1)
	r.interrupted(t, shop, "killed before "+c.String())
}
