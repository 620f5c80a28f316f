package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	memoryOrders    = flag.Int("memory.orders", 600_000, "orders of the shop that is loaded and scored within -memory.limit; about 50 bytes each")
	memoryCustomers = flag.Int("memory.customers", 60_000, "its customers: the columns of the models are in memory, about a third of a KiB for each")
	memorySample    = flag.Int("memory.sample", 10_000, "how many of them are looked back on at most, about 1.8 KiB for each")
	memoryLimit     = flag.Int64("memory.limit", 256, "MiB that the process is told to use")
)

// TestMemoryLimit loads, once more for a part of it, and scores more than fits into the memory that the process
// may use: it goes on by spilling, and its memory stays within a quarter over. Ten
// times as much as the memory is -memory.limit 512 -memory.orders 100000000 -memory.customers 100000.
func TestMemoryLimit(t *testing.T) {
	shop := t.TempDir()
	size := writeMany(t, shop, *memoryOrders)
	put(t, filepath.Join(shop, "clientele.yaml"), fmt.Sprintf("sources:\n  - {name: web, kind: orders, path: '*.csv'}\nbacktest: {sample: %d}\n", *memorySample))
	limit := *memoryLimit << 20
	most := int64(0)
	for _, c := range []struct {
		what string
		args []string
	}{
		{"run from nothing", []string{"run"}},
		{"run when a file was exported anew", []string{"run"}}, // each of its orders is found beside those that are known
		{"rebuild", []string{"rebuild"}},
		{"verify", []string{"verify"}},
	} {
		if strings.Contains(c.what, "anew") {
			size += exportAnew(t, shop)
		}
		began := time.Now()
		peak, spilled := peakMemory(t, shop, append([]string{"-C", shop, "--memory", fmt.Sprintf("%dMiB", *memoryLimit), "-q"}, c.args...))
		t.Logf("%s: %d orders of %d customers, %d MiB of files, limit %d MiB: peak %d MiB, spilled %d MiB, %v",
			c.what, *memoryOrders, *memoryCustomers, size>>20, *memoryLimit, peak>>20, spilled>>20, time.Since(began).Round(100*time.Millisecond))
		if peak > limit*5/4 {
			t.Errorf("%s: peak of %d MiB, more than a quarter over %d MiB", c.what, peak>>20, *memoryLimit)
		}
		most = max(most, spilled)
	}
	if most == 0 {
		t.Errorf("nothing was spilled: that much fits into %d MiB", *memoryLimit)
	}
	if left, err := leftovers(shop); err != nil || len(left) > 0 {
		t.Errorf("left behind %v, %v", left, err)
	}
}

// writeMany writes that many orders in files of five million, and returns their size.
func writeMany(t *testing.T, shop string, orders int) int64 {
	t.Helper()
	var size int64
	for from := 0; from < orders; from += 5_000_000 {
		f, err := os.Create(filepath.Join(shop, fmt.Sprintf("%09d.csv", from)))
		if err != nil {
			t.Fatal(err)
		}
		w := bufio.NewWriterSize(f, 1<<20)
		w.WriteString("order_id,customer,date,amount,channel\n")
		day := time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
		for i := from; i < min(orders, from+5_000_000); i++ {
			h := uint64(i)*0x9E3779B97F4A7C15 ^ uint64(i)>>7
			fmt.Fprintf(w, "order-%d,customer-%d,%s,%d.%02d,web\n", i, h%uint64(*memoryCustomers), day.AddDate(0, 0, int(h>>40%1460)).Format(time.DateOnly), 5+h>>20%200, h>>30%100)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return size
}

// exportAnew writes the first 200,000 orders of the shop once more with one that is new,
// and returns the size of the file.
func exportAnew(t *testing.T, shop string) int64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(shop, "000000000.csv"))
	if err != nil {
		t.Fatal(err)
	}
	end := 0
	for range 200_001 { // and the names of the columns
		n := bytes.IndexByte(text[end:], '\n')
		if n < 0 {
			break
		}
		end += n + 1
	}
	text = append(text[:end], "order-new,customer-1,2026-01-01,10.00,web\n"...)
	put(t, filepath.Join(shop, "000000000-again.csv"), string(text))
	return int64(len(text))
}

// peakMemory runs clientele and returns the most memory that it held at one time, as
// the system counts it, and the most that lay in its folders of what did not fit.
// (What the system says of a process that has ended would have the memory of the one
// that began it in it.)
func peakMemory(t *testing.T, shop string, args []string) (peak, spilled int64) {
	t.Helper()
	var errOut bytes.Buffer
	cmd := child(t, args...)
	cmd.Stderr = &errOut
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatalf("%v: %v: %s", args, err, &errOut)
			}
			return peak, spilled
		case <-time.After(10 * time.Millisecond):
		}
		peak = max(peak, highWater(cmd.Process.Pid))
		spilled = max(spilled, spilledBytes(shop))
	}
}

// highWater is the most memory that a process has held since it began, or 0 when it
// has ended.
func highWater(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	name := ""
	for line := range strings.Lines(string(text)) {
		var kib int64
		if rest, ok := strings.CutPrefix(line, "Name:"); ok {
			name = strings.TrimSpace(rest)
		}
		// Before it is clientele, it is a copy of this process.
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil && name != "" {
			return kib << 10
		}
	}
	return 0
}

// spilledBytes is the size of what lies in hidden folders of a workspace for want of
// memory.
func spilledBytes(shop string) int64 {
	var n int64
	for _, pattern := range []string{".spill-*/*", ".private-*/spill/*"} {
		files, _ := filepath.Glob(filepath.Join(shop, pattern))
		for _, f := range files {
			if info, err := os.Stat(f); err == nil {
				n += info.Size()
			}
		}
	}
	return n
}
