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
	var killed, looks, changed atomic.Int64
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
					shop := r.copy(t)
					stop := watch(shop, r.after)
					if killedAt(t, r.in(shop), instant) {
						killed.Add(1)
					}
					n, err := stop()
					looks.Add(int64(n))
					if err != nil {
						t.Errorf("%s, killed after %v: a reader: %v", d.name, instant, err)
					}
					if state, err := digests(shop); err == nil && len(differences(r.before, state)) > 0 {
						changed.Add(1)
					}
					r.interrupted(t, shop, "killed after "+instant.String())
				}
			})
		}
	})
	t.Logf("%d kills, of which %d found something changed already; %d looks meanwhile", killed.Load(), changed.Load(), looks.Load())
	if killed.Load() < int64(*faultKills)/2 {
		t.Errorf("only %d of %d kills came in time", killed.Load(), *faultKills)
	}
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
	stopped, early := 0, 0
	for i := range *faultStops {
		d := all[i%len(all)]
		r := f.rehearsed[d.name](t)
		// Before, it is Go's start that is stopped.
		instant := max(time.Duration(seeded.Float64()*float64(r.took)), 50*time.Millisecond)
		signal := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[(i+i/len(all))%2]
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
		if _, seen := watched(); seen != nil {
			t.Errorf("%s, %v after %v: a reader: %v", d.name, signal, instant, seen)
		}
		if err == nil {
			continue // it had done all there is
		}
		stopped++
		if by := cmd.ProcessState.Sys().(syscall.WaitStatus); by.Signaled() && by.Signal() == signal && errOut.Len() == 0 {
			early++ // on a busy machine, Go was still starting: a shell tells of the same status
		} else if code := cmd.ProcessState.ExitCode(); code != 128+int(signal) || errOut.String() != "clientele: stopped; nothing half-written\n" {
			t.Errorf("%s, %v after %v: exit status %d, %q", d.name, signal, instant, code, &errOut)
		}
		if took > 2*time.Second {
			t.Errorf("%s, %v after %v: took %v to stop", d.name, signal, instant, took)
		}
		if left, err := leftovers(shop); err != nil || len(left) > 0 {
			t.Errorf("%s, %v after %v: left behind %v, %v", d.name, signal, instant, left, err)
		}
		r.interrupted(t, shop, signal.String()+" after "+instant.String())
	}
	if stopped == early {
		t.Errorf("of %d signals %d came too early and the others too late", *faultStops, early)
	}
	t.Logf("%d of %d signals came in time, %d before the program had begun", stopped, *faultStops, early)
}
