package main

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// kill kills every command that changes something at random instants, while
// somebody reads: nobody sees anything that is not whole, and the command done again
// gives what it gives when nothing interrupts it.
func (f *faults) kill(t *testing.T) {
	seeded := rand.New(rand.NewPCG(2026, 11))
	var looks, changed atomic.Int64
	t.Run("deeds", func(t *testing.T) {
		all := deeds()
		for i, d := range all {
			share := (*faultKills + len(all) - 1 - i) / len(all)
			if share == 0 {
				continue
			}
			places := make([]float64, share)
			for k := range places {
				places[k] = (float64(k) + seeded.Float64()) / float64(share)
			}
			t.Run(d.name, func(t *testing.T) {
				t.Parallel()
				r := f.rehearsed[d.name](t)
				for _, place := range places {
					instant := time.Duration(place * float64(r.took))
					for !r.killed(t, instant, &looks, &changed) { // sooner, where it was quicker than when it was rehearsed
						instant /= 2
					}
				}
			})
		}
	})
	t.Logf("%d kills, of which %d found something changed already; %d looks meanwhile", *faultKills, changed.Load(), looks.Load())
}

// killed kills a deed after a while and checks what is left; false when it had ended.
func (r *rehearsal) killed(t *testing.T, instant time.Duration, looks, changed *atomic.Int64) bool {
	t.Helper()
	shop := r.copy(t)
	stop := watch(shop, r.after)
	killed := killedAt(t, r.in(shop), instant)
	n, err := stop()
	looks.Add(int64(n))
	if err != nil {
		t.Errorf("%s, killed after %v: a reader: %v", r.name, instant, err)
	}
	if state, err := digests(shop); err == nil && killed && len(differences(r.before, state)) > 0 {
		changed.Add(1)
	}
	r.interrupted(t, shop, "killed after "+instant.String())
	return killed
}

// killedAt runs clientele and kills it after a while; false when it had ended.
func killedAt(t *testing.T, args []string, instant time.Duration) bool {
	t.Helper()
	var errOut bytes.Buffer
	cmd := child(t, args...)
	cmd.Stderr = &errOut
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(instant)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	if err == nil {
		return false
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("%v ended with %v before it was killed: %s", args, err, &errOut)
	}
	return true
}

// stop stops every command as Ctrl-C and as the system do: within two
// seconds, with the exit status of the signal and one line, with nothing left behind.
func (f *faults) stop(t *testing.T) {
	seeded := rand.New(rand.NewPCG(3, 4))
	all := deeds()
	early, late := 0, 0
	for i := range *faultStops {
		r := f.rehearsed[all[i%len(all)].name](t)
		instant := max(time.Duration(seeded.Float64()*float64(r.took)), 50*time.Millisecond)
		signal := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[(i+i/len(all))%2]
		const tries = 12
		for try := 1; ; try++ { // the machine may be busier than when it was rehearsed, or less busy
			when := r.stopped(t, signal, instant)
			if when == inTime {
				break
			}
			if when == tooEarly {
				early++
				instant += instant / 2
			} else {
				late++
				instant -= instant / 4
			}
			if try == tries {
				t.Errorf("%s: of %d signals some came too early and the others too late", r.name, tries)
				break
			}
		}
	}
	t.Logf("%d signals in time, %d more before the program had begun, %d more after it had ended", *faultStops, early, late)
}

const (
	inTime   = iota
	tooEarly // Go itself was still starting
	tooLate  // it had done all there is
)

// stopped sends a signal to a deed after a while, checks how it ends and what is left,
// and says when in its life the signal came.
func (r *rehearsal) stopped(t *testing.T, signal syscall.Signal, instant time.Duration) (when int) {
	t.Helper()
	shop := r.copy(t)
	var errOut bytes.Buffer
	cmd := child(t, r.in(shop)...)
	cmd.Stderr = &errOut
	watched := watch(shop, r.after)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(instant)
	if err := cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	err := cmd.Wait()
	took := time.Since(began)
	how := signal.String() + " after " + instant.String()
	if _, seen := watched(); seen != nil {
		t.Errorf("%s, %s: a reader: %v", r.name, how, seen)
	}
	by, code := cmd.ProcessState.Sys().(syscall.WaitStatus), cmd.ProcessState.ExitCode()
	switch {
	case err == nil:
		when = tooLate
	case by.Signaled() && by.Signal() == signal && errOut.Len() == 0:
		when = tooEarly // a shell tells of the same status
	case code != 128+int(signal) || errOut.String() != "clientele: stopped; nothing half-written\n":
		t.Errorf("%s, %s: exit status %d, %q", r.name, how, code, &errOut)
	}
	if took > within(2*time.Second) {
		t.Errorf("%s, %s: took %v to stop", r.name, how, took)
	}
	if left, err := leftovers(shop); err != nil || len(left) > 0 {
		t.Errorf("%s, %s: left behind %v, %v", r.name, how, left, err)
	}
	r.interrupted(t, shop, how)
	return when
}
