package demo

import (
	"fmt"
	"time"
)

// bucket is one file of orders: a channel's of a month, a quarter or a year.
type bucket struct {
	file    File
	channel channel
	first   int  // its first day, since the period's start
	again   bool // repeats the last days of the file before it, as exports do
}

// plan says which file an order goes to.
type plan struct {
	buckets []bucket
	byDay   [channels][]int16 // bucket of each day
	merged  bool              // all channels in one series of files
	style   style
	other   []string // files besides orders
}

// style is how order files are written.
type style uint8

const (
	mixed    style = iota // each channel its own dialect
	flatCSV               // eight columns
	flatParq              // the same in Parquet
	plainCSV              // customer_id,date,amount,order_id
)

// overlapDays is how much of the month before some files repeat.
const overlapDays = 2

func newPlan(w *world) *plan {
	p := &plan{other: []string{"data/customers.csv"}}
	switch {
	case w.opt.Dialect == "csv":
		p.style = flatCSV
	case w.opt.Dialect == "parquet":
		p.style = flatParq
	case w.opt.Plain:
		p.style = plainCSV
	}
	p.merged = p.style != mixed
	if !w.opt.Plain {
		p.other = append(p.other, "data/refunds.csv", "data/interactions.jsonl", "data/products.csv", "data/campaigns.csv")
		for _, c := range w.campaigns {
			p.other = append(p.other, responsesPath(c))
		}
	}
	switch p.style {
	case mixed:
		p.series(w, web, 1, "data/web/orders-%s.csv", "csv")
		p.series(w, tmall, 3, "data/tmall/orders-%s.csv", "csv")
		p.series(w, app, 1, "data/app/orders-%s.jsonl", "jsonl")
		p.series(w, pos, 3, "data/stores/sales-%s.parquet", "parquet")
	case flatCSV:
		p.series(w, web, 1, "data/orders/orders-%s.csv", "csv")
	case flatParq:
		p.series(w, web, 1, "data/orders/orders-%s.parquet", "parquet")
	case plainCSV:
		p.series(w, web, 12, "data/orders/orders-%s.csv", "csv")
	}
	return p
}

// series adds a channel's files, one for so many months.
func (p *plan) series(w *world, c channel, months int, path, format string) {
	last := ""
	for d := range w.cal.days {
		name := periodName(dayDate(w.cal.from+d), months)
		if name != last {
			b := bucket{channel: c, first: d, file: File{Path: fmt.Sprintf(path, name), Kind: "orders", Format: format}}
			if p.style == mixed && (c == web || c == app) && last != "" {
				b.again = dayDate(w.cal.from+d).Month()%4 == 3
			}
			p.buckets = append(p.buckets, b)
			last = name
		}
		p.byDay[c] = append(p.byDay[c], int16(len(p.buckets)-1))
	}
}

func periodName(t time.Time, months int) string {
	switch months {
	case 1:
		return t.Format("2006-01")
	case 3:
		return fmt.Sprintf("%d-q%d", t.Year(), (int(t.Month())+2)/3)
	}
	return fmt.Sprint(t.Year())
}

func (p *plan) bucket(o order) int {
	c := o.channel
	if p.merged {
		c = web
	}
	return int(p.byDay[c][o.at/secondsPerDay])
}

// serial is the number of bucket b's first order in its series; order ids count
// from it.
func (p *plan) serial(l *life, b int) int {
	first := b
	for first > 0 && p.buckets[first-1].channel == p.buckets[b].channel {
		first--
	}
	return l.bounds[b] - l.bounds[first]
}

// names lists all files of the shop.
func (p *plan) names() []string {
	names := append([]string{"clientele.yaml", "truth.json"}, p.other...)
	for _, b := range p.buckets {
		names = append(names, b.file.Path)
	}
	return names
}
