// Package demo writes the export files of a shop that does not exist: 茗山
// Mingshan sells tea, teaware, snacks and things for the home in a web shop, a
// flagship store on a market place, an app and a few stores. Customers, orders,
// refunds, interactions and campaigns come from a process whose parameters are
// known and stand in truth.json, so that what Clientele finds can be checked.
//
// The same options give the same bytes on any number of cores: every customer,
// order and text has a stream of random numbers of its own, keyed by the seed.
// Customers are simulated in parallel into 16-byte orders, these are sorted by
// file and time, and the files are written in parallel, each by one goroutine.
package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Options say how large the shop is and how plain.
type Options struct {
	Customers int       // rows of customers.csv; 0: 10,000
	Orders    int       // about so many orders, by scaling how often people buy; 0: as the process gives
	Seed      uint64    // another seed, another shop
	Plain     bool      // no seasons, guests, refunds, campaigns or dirt: the process alone
	Dialect   string    // of the orders: "" (each channel its own), or csv, or parquet: eight clean columns
	From, To  time.Time // first and last day; zero: 2024-01-01 and 2026-06-30, never the clock
	Workers   int       // goroutines; 0: all cores
	// Progress is called now and then with the orders written, from one
	// goroutine at a time.
	Progress func(done, total int64)
}

const (
	defaultCustomers = 10_000
	maxCustomers     = 200_000_000
	defaultFrom      = "2024-01-01"
	defaultTo        = "2026-06-30"
)

// withDefaults fills what is zero and refuses what cannot be.
func (o Options) withDefaults() (Options, error) {
	if o.Customers == 0 {
		o.Customers = defaultCustomers
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	for _, d := range []struct {
		day  *time.Time
		text string
	}{{&o.From, defaultFrom}, {&o.To, defaultTo}} {
		if d.day.IsZero() {
			t, err := time.Parse(time.DateOnly, d.text)
			if err != nil {
				return o, err
			}
			*d.day = t
		}
		*d.day = dayDate(epochDay(*d.day))
	}
	days := epochDay(o.To) - epochDay(o.From) + 1
	switch {
	case o.Customers < 0 || o.Customers > maxCustomers:
		return o, fmt.Errorf("customers: %d is not between 1 and %d", o.Customers, maxCustomers)
	case o.Orders < 0 || o.Orders > 0 && o.Orders < o.Customers:
		return o, fmt.Errorf("orders: %d is less than the %d customers, each of whom buys", o.Orders, o.Customers)
	case days < 30 || days > 20*366:
		return o, fmt.Errorf("period: %d days from %s to %s; a shop takes 30 days to 20 years", days, o.From.Format(time.DateOnly), o.To.Format(time.DateOnly))
	case o.Dialect != "" && o.Dialect != "csv" && o.Dialect != "parquet":
		return o, fmt.Errorf("dialect: %q is none of csv, parquet", o.Dialect)
	}
	return o, nil
}

// Write generates the shop into dir, which must be missing, empty or an earlier
// demo shop, whose files are then replaced. It returns what truth.json says.
func Write(ctx context.Context, dir string, opt Options) (Summary, error) {
	opt, err := opt.withDefaults()
	if err != nil {
		return Summary{}, fmt.Errorf("demo: %w", err)
	}
	s, err := write(ctx, dir, opt)
	if err != nil {
		return Summary{}, fmt.Errorf("demo: %w", err)
	}
	return s, nil
}

func write(ctx context.Context, dir string, opt Options) (Summary, error) {
	w := newWorld(opt)
	plan := newPlan(w)
	out, err := openOutput(dir, opt, plan.names())
	if err != nil {
		return Summary{}, err
	}
	if err := w.calibrate(ctx); err != nil {
		return Summary{}, err
	}
	life, err := w.live(ctx, plan)
	if err != nil {
		return Summary{}, err
	}
	files, refunds, err := w.export(ctx, out, plan, life)
	if err != nil {
		return Summary{}, err
	}
	s := w.summarize(life, files, refunds)
	if err := out.writeText("clientele.yaml", w.configuration()); err != nil {
		return Summary{}, err
	}
	truth, err := s.encode()
	if err != nil {
		return Summary{}, err
	}
	return s, out.writeText("truth.json", truth)
}

// life is everything that happened, sorted for writing.
type life struct {
	orders    []order // by bucket of the plan, then by time
	bounds    []int   // orders[bounds[b]:bounds[b+1]] is bucket b
	touches   []touch
	responses [maxCampaigns][]response
	lift      [maxCampaigns]lift
	buyers    int64
	guests    int
	walkIns   int
}

// chunkCustomers is how many customers one goroutine simulates at a time. It
// has no influence on the result.
const chunkCustomers = 4096

// live simulates all customers, then the guests, whose number follows from the
// number of orders.
func (w *world) live(ctx context.Context, p *plan) (*life, error) {
	n := w.opt.Customers
	chunks, err := w.simulateAll(ctx, n, w.simulate)
	if err != nil {
		return nil, err
	}
	orders := 0
	for i := range chunks {
		orders += len(chunks[i].orders)
	}
	l := &life{}
	if !w.opt.Plain {
		l.guests = int(guestShare / guestOrders * float64(orders))
		l.walkIns = int(walkInShare * float64(orders))
		for _, s := range []struct {
			n    int
			each func(uint32, *chunk)
		}{{l.guests, w.guest}, {l.walkIns, w.walkIn}} {
			more, err := w.simulateAll(ctx, s.n, s.each)
			if err != nil {
				return nil, err
			}
			chunks = append(chunks, more...)
		}
	}
	l.gather(p, chunks)
	return l, l.sort(ctx, w.opt.Workers)
}

func (w *world) simulateAll(ctx context.Context, n int, each func(uint32, *chunk)) ([]chunk, error) {
	chunks := make([]chunk, (n+chunkCustomers-1)/chunkCustomers)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(w.opt.Workers)
	for k := range chunks {
		g.Go(func() error {
			var c chunk
			for i := k * chunkCustomers; i < min((k+1)*chunkCustomers, n); i++ {
				each(uint32(i), &c)
			}
			c.orders, c.touches, c.responses = slices.Clip(c.orders), slices.Clip(c.touches), slices.Clip(c.responses)
			c.times = nil
			chunks[k] = c
			return ctx.Err()
		})
	}
	return chunks, g.Wait()
}

// gather puts the chunks' events together by file.
func (l *life) gather(p *plan, chunks []chunk) {
	l.bounds = make([]int, len(p.buckets)+1)
	touches := 0
	for i := range chunks {
		for _, o := range chunks[i].orders {
			l.bounds[p.bucket(o)+1]++
		}
		touches += len(chunks[i].touches)
	}
	for b := range p.buckets {
		l.bounds[b+1] += l.bounds[b]
	}
	next := slices.Clone(l.bounds)
	l.orders = make([]order, l.bounds[len(p.buckets)])
	l.touches = make([]touch, 0, touches)
	for i := range chunks {
		c := &chunks[i]
		for _, o := range c.orders {
			b := p.bucket(o)
			l.orders[next[b]] = o
			next[b]++
		}
		l.touches = append(l.touches, c.touches...)
		for _, r := range c.responses {
			l.responses[r.campaign] = append(l.responses[r.campaign], r)
		}
		for k := range l.lift {
			l.lift[k].add(&c.lift[k])
		}
		l.buyers += c.buyers
		*c = chunk{}
	}
}

func (l *life) sort(ctx context.Context, workers int) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	g.Go(func() error {
		slices.SortFunc(l.touches, func(a, b touch) int {
			return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.customer, b.customer), cmp.Compare(a.seq, b.seq))
		})
		return ctx.Err()
	})
	for k := range l.responses {
		g.Go(func() error {
			slices.SortFunc(l.responses[k], func(a, b response) int {
				return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.customer, b.customer), cmp.Compare(a.event, b.event))
			})
			return ctx.Err()
		})
	}
	for b := range len(l.bounds) - 1 {
		g.Go(func() error {
			slices.SortFunc(l.orders[l.bounds[b]:l.bounds[b+1]], compareOrders)
			return ctx.Err()
		})
	}
	return g.Wait()
}

// export writes every data file, several at a time, and returns what is in each.
func (w *world) export(ctx context.Context, out *output, p *plan, l *life) ([]File, []refund, error) {
	jobs := w.jobs(p, l)
	files := make([]File, len(jobs), len(jobs)+1)
	refunds := make([][]refund, len(jobs))
	report := newProgress(w.opt.Progress, int64(len(l.orders)))
	g, together := errgroup.WithContext(ctx)
	g.SetLimit(w.opt.Workers)
	for i, j := range jobs {
		g.Go(func() error {
			e := &encoder{world: w, life: l, ctx: together, report: report, file: j.file}
			if err := e.write(out, j.write); err != nil {
				return fmt.Errorf("%s: %w", j.file.Path, err)
			}
			files[i], refunds[i] = e.file, e.refunds
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	all := slices.Concat(refunds...)
	if !w.opt.Plain {
		e := &encoder{world: w, life: l, ctx: ctx, report: report, file: File{Path: "data/refunds.csv", Kind: "refunds", Format: "csv"}}
		if err := e.write(out, func(e *encoder) error { return e.writeRefunds(all) }); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", e.file.Path, err)
		}
		files = append(files, e.file)
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return files, all, nil
}

// job is one file to write.
type job struct {
	file  File
	write func(*encoder) error
}

// jobs lists the files, those that take longest first.
func (w *world) jobs(p *plan, l *life) []job {
	jobs := []job{{File{Path: "data/customers.csv", Kind: "customers", Format: "csv"}, (*encoder).writeCustomers}}
	if !w.opt.Plain {
		jobs = append(jobs,
			job{File{Path: "data/interactions.jsonl", Kind: "interactions", Format: "jsonl"}, (*encoder).writeInteractions},
			job{File{Path: "data/products.csv", Kind: "products", Format: "csv"}, (*encoder).writeProducts},
			job{File{Path: "data/campaigns.csv", Kind: "campaigns", Format: "csv"}, (*encoder).writeCampaigns})
		for k, c := range w.campaigns {
			jobs = append(jobs, job{File{Path: responsesPath(c), Kind: "responses", Format: "csv"}, func(e *encoder) error { return e.writeResponses(k) }})
		}
	}
	for b := range p.buckets {
		jobs = append(jobs, job{p.buckets[b].file, func(e *encoder) error { return e.writeOrders(p, b) }})
	}
	return jobs
}

// progress passes counts on to a function that is called by one goroutine at a time.
type progress struct {
	mu          sync.Mutex
	call        func(done, total int64)
	done, total int64
}

func newProgress(call func(done, total int64), total int64) *progress {
	return &progress{call: call, total: total}
}

func (p *progress) add(n int64) {
	if p.call == nil || n == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	p.call(p.done, p.total)
}

// ErrNotOurs is returned for a folder that holds something that is not a demo shop.
var ErrNotOurs = errors.New("folder is not empty and holds no demo shop")
