package engine_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/engine/config"
)

// BenchmarkNight times a first night, from a folder of order files to the published
// report, and then a night that finds one file more, with a thousandth of the rows: new
// orders of the day after, a quarter of them of new customers, and one in a hundred that comes some days late.
// Each night is a process of its own. It prints both stage by stage; ns/op is the next
// night, ratio its processor time over that of the first.
func BenchmarkNight(b *testing.B) {
	memory, err := config.ParseSize(*wholeMemory)
	if err != nil {
		b.Fatal(err)
	}
	s := openShop(b, "csv")
	var n nights
	for b.Loop() {
		n.measure(b, s, int64(memory))
	}
	n.print(s)
	first, next := middle(n.first), middle(n.next)
	b.ReportMetric(float64(next.wall), "ns/op")
	b.ReportMetric(float64(first.wall), "first-ns/op")
	b.ReportMetric(next.cpu.Seconds(), "cpu-s")
	b.ReportMetric(first.cpu.Seconds(), "first-cpu-s")
	b.ReportMetric(next.cpu.Seconds()/first.cpu.Seconds(), "ratio")
	b.ReportMetric(float64(next.peak)/1e6, "peak-MB")
}

// nights are first and next nights, in turns.
type nights struct{ first, next []process }

// untouched is how long a file has to lie before it can be told by its times.
const untouched = 3 * time.Second

func (n *nights) measure(b *testing.B, s shop, memory int64) {
	b.Helper()
	s.warm(b)
	dir := b.TempDir()
	orders := filepath.Join(dir, "orders")
	if err := os.Mkdir(orders, 0o777); err != nil {
		b.Fatal(err)
	}
	files := make([]string, len(s.files))
	for i, path := range s.files {
		files[i] = filepath.Join(orders, filepath.Base(path))
		if os.Link(path, files[i]) == nil {
			continue
		}
		text, err := os.ReadFile(path) // the shop is on another file system
		if err == nil {
			err = os.WriteFile(files[i], text, 0o666)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	time.Sleep(untouched)
	t := task{Job: "engine", Dir: dir, Format: "csv", Files: files, Threads: runtime.GOMAXPROCS(0), Memory: memory, Clock: true}
	n.first = append(n.first, start(b, t))
	more := bringMore(b, files[len(files)-1], filepath.Join(orders, "orders-one-night.csv"), int(s.rows/1000))
	time.Sleep(untouched)
	t.Files, t.Profile = append(files, more), *wholeProfile
	next := start(b, t)
	if want := s.rows + s.rows/1000; next.Rows != want {
		b.Fatalf("the next night has read %d rows, want %d", next.Rows, want)
	}
	n.next = append(n.next, next)
	if err := os.RemoveAll(dir); err != nil { // before the next round, for the disk's sake
		b.Fatal(err)
	}
}

// bringMore writes rows of one night, made from the rows of the last file of a shop.
func bringMore(b *testing.B, last, path string, rows int) string {
	b.Helper()
	text, err := os.ReadFile(last)
	if err != nil {
		b.Fatal(err)
	}
	lines := strings.Split(string(bytes.TrimSpace(text)), "\n")
	column := func(line string, i int) string { return strings.Split(line, ",")[i] }
	newest := slices.MaxFunc(lines[1:], func(a, b string) int { return cmp.Compare(column(a, 2), column(b, 2)) })
	day, err := time.Parse(time.DateTime, column(newest, 2))
	if err != nil {
		b.Fatal(err)
	}
	seeded := rand.New(rand.NewPCG(21, 6))
	out := []string{lines[0]}
	for i := range rows {
		cells := strings.Split(lines[1+seeded.IntN(len(lines)-1)], ",")
		if i%100 == 1 {
			cells = strings.Split(lines[len(lines)-1-seeded.IntN(len(lines)/10)], ",")
		}
		cells[0] = fmt.Sprintf("N%d", i)
		switch {
		case i%4 == 0:
			cells[1] = fmt.Sprintf("N%d", i)
			fallthrough
		case i%100 > 1: // of the day after; the others come late, of the last days of before
			cells[2] = day.AddDate(0, 0, 1).Format(time.DateOnly) + cells[2][len(time.DateOnly):]
		}
		out = append(out, strings.Join(cells, ","))
	}
	if err := os.WriteFile(path, []byte(strings.Join(out, "\n")+"\n"), 0o666); err != nil {
		b.Fatal(err)
	}
	return path
}

// print writes what the middle nights took, stage by stage.
func (n nights) print(s shop) {
	first, next := middle(n.first), middle(n.next)
	fmt.Printf("\nA first night of %s orders from %d files, and one with %s more: %s\n\n", grouped(s.rows), len(s.files), grouped(s.rows/1000), machine())
	line := func(name string, x, y spent) {
		share := ""
		if x.CPU > 0 {
			share = fmt.Sprintf("%.2f", y.CPU/x.CPU)
		}
		fmt.Printf("%-34s %8.2f %8.2f   %8.2f %8.2f   %6s\n", name, x.Seconds, x.CPU, y.Seconds, y.CPU, share)
	}
	fmt.Printf("%-34s %8s %8s   %8s %8s   %6s\n", "", "first s", "cpu s", "next s", "cpu s", "ratio")
	again := next.stages()
	for _, x := range first.stages() {
		y := spent{}
		if i := slices.IndexFunc(again, func(z spent) bool { return z.Stage == x.Stage }); i >= 0 {
			y = again[i]
		}
		line(x.Stage, x, y)
	}
	whole := func(p process) spent { return spent{Seconds: p.wall.Seconds(), CPU: p.cpu.Seconds()} }
	line("total", whole(first), whole(next))
	fmt.Println()
}
