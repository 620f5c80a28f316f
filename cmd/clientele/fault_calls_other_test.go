//go:build !linux

package main

import "testing"

func (f *faults) calls(t *testing.T) { t.Skip("system calls are made to fail on Linux only") }

func (f *faults) series(t *testing.T) { t.Skip("system calls are made to fail on Linux only") }
