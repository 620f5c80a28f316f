package demo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// hashes returns the SHA-256 of every file under dir, by its path.
func hashes(t testing.TB, dir string) map[string]string {
	t.Helper()
	sums := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		sums[filepath.ToSlash(rel)] = hex.EncodeToString(h.Sum(nil))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

func mustWrite(t testing.TB, dir string, opt Options) Summary {
	t.Helper()
	s, err := Write(context.Background(), dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSameBytesOnAnyNumberOfWorkers(t *testing.T) {
	for name, opt := range map[string]Options{
		"mixed":   {Customers: 9000, Seed: 7},
		"plain":   {Customers: 9000, Seed: 7, Plain: true},
		"csv":     {Customers: 5000, Seed: 7, Dialect: "csv", Orders: 30_000},
		"parquet": {Customers: 5000, Seed: 7, Dialect: "parquet"},
	} {
		t.Run(name, func(t *testing.T) {
			one, four := t.TempDir(), t.TempDir()
			opt.Workers = 1
			mustWrite(t, one, opt)
			opt.Workers = 4
			mustWrite(t, four, opt)
			a, b := hashes(t, one), hashes(t, four)
			if len(a) < 4 || len(a) != len(b) {
				t.Fatalf("%d and %d files", len(a), len(b))
			}
			for path := range a {
				if a[path] != b[path] {
					t.Errorf("%s differs between 1 and 4 workers", path)
				}
			}
		})
	}
}

func TestSeedMakesAnotherShop(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	mustWrite(t, a, Options{Customers: 300, Seed: 1})
	mustWrite(t, b, Options{Customers: 300, Seed: 2})
	x, y := hashes(t, a), hashes(t, b)
	if x["data/customers.csv"] == y["data/customers.csv"] {
		t.Error("two seeds gave the same customers")
	}
}

func TestOrdersAskedFor(t *testing.T) {
	for name, opt := range map[string]Options{
		"few customers": {Customers: 1000, Orders: 5000},
		"many orders":   {Customers: 2000, Orders: 60_000, Plain: true},
		"flat":          {Customers: 20_000, Orders: 100_000, Dialect: "csv"},
		// More customers than a pilot has: these are the ones that must be spread
		// over the whole period, not the first to arrive.
		"beyond the pilot": {Customers: 230_000, Orders: 460_000, Plain: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := mustWrite(t, t.TempDir(), opt)
			if got := float64(s.Totals.Orders) / float64(opt.Orders); math.Abs(got-1) > 0.05 {
				t.Errorf("%d orders, asked for %d", s.Totals.Orders, opt.Orders)
			}
		})
	}
}

func TestMoreOrdersThanDays(t *testing.T) {
	_, err := Write(context.Background(), t.TempDir(), Options{Customers: 5, Orders: 500_000, Plain: true})
	if err == nil || !strings.Contains(err.Error(), "too many for 5 customers") {
		t.Errorf("error %v", err)
	}
}

// The plain shop is the process and nothing else: its counts and amounts have
// the moments that the papers' formulas give for truth.json's parameters.
func TestPlainShopFollowsItsParameters(t *testing.T) {
	opt, err := Options{Customers: 120_000, Seed: 11, Plain: true}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(opt)
	chunks, err := w.simulateAll(context.Background(), opt.Customers, w.simulate)
	if err != nil {
		t.Fatal(err)
	}
	counts := make([]int, opt.Customers)
	last := make([]uint32, opt.Customers) // day of the customer's last order, plus 1
	sums := make([]float64, opt.Customers)
	for _, c := range chunks {
		for _, o := range c.orders {
			day := o.at / secondsPerDay
			if day < last[o.customer] {
				t.Fatalf("customer %d orders twice on day %d", o.customer, day)
			}
			last[o.customer] = day + 1
			counts[o.customer]++
			sums[o.customer] += float64(o.amount) / 100
		}
	}
	// Customers arrive evenly over the period, so the first third was seen for
	// between two thirds and all of it.
	weeks := float64(w.cal.days) / 7
	for third := range 3 {
		var n, sum, square, zero, wantMean, wantZero float64
		for i := third * opt.Customers / 3; i < (third+1)*opt.Customers/3; i++ {
			x := float64(counts[i] - 1)
			n, sum, square = n+1, sum+x, square+x*x
			if x == 0 {
				zero++
			}
			seen := weeks - w.start(uint32(i))/7
			wantMean += w.process.expectedRepeats(seen)
			if i%2000 == 1000 { // the middle of each run of 2,000
				wantZero += 2000 * silent(w.process, seen)
			}
		}
		mean, p0 := sum/n, zero/n
		se := math.Sqrt((square/n - mean*mean) / n)
		if want := wantMean / n; math.Abs(mean-want) > 4*se {
			t.Errorf("third %d: %.4f repeat purchases a customer, formula %.4f, standard error %.4f", third, mean, want, se)
		}
		if want := wantZero / n; math.Abs(p0-want) > 4*math.Sqrt(p0*(1-p0)/n)+0.002 {
			t.Errorf("third %d: %.4f of customers never came back, integral %.4f", third, p0, want)
		}
	}
	// Gamma-gamma: mean p v/(q-1), variance of a customer's true mean
	// mean^2/(q-2), and within a customer a squared variation of 1/p.
	var n, sum, square float64
	for i, k := range counts {
		m := sums[i] / float64(k)
		n, sum, square = n+1, sum+m, square+m*m
	}
	mean := sum / n
	if se := math.Sqrt((square/n - mean*mean) / n); math.Abs(mean-w.spend.Mean) > 4*se {
		t.Errorf("mean spend %.3f, true %.3f, standard error %.3f", mean, w.spend.Mean, se)
	}
}

// silent is P(no repeat purchase in t weeks): the integral over both rates of
// mu/(lambda+mu) + lambda/(lambda+mu) exp(-(lambda+mu) t), by quantiles.
func silent(p Process, t float64) float64 {
	const n = 120
	lambda, mu := distuv.Gamma{Alpha: p.R, Beta: p.Alpha}, distuv.Gamma{Alpha: p.S, Beta: p.Beta}
	var ls, ms [n]float64
	for i := range n {
		ls[i] = lambda.Quantile((float64(i) + 0.5) / n)
		ms[i] = mu.Quantile((float64(i) + 0.5) / n)
	}
	sum := 0.0
	for _, l := range ls {
		for _, m := range ms {
			sum += (m + l*math.Exp(-(l+m)*t)) / (l + m)
		}
	}
	return sum / n / n
}

// Treated and control customers are alike but for the campaign.
func TestCampaignArmsAreAlike(t *testing.T) {
	s := mustWrite(t, t.TempDir(), Options{Customers: 60_000, Seed: 3, Dialect: "parquet"})
	if len(s.Campaigns) != maxCampaigns {
		t.Fatalf("%d campaigns", len(s.Campaigns))
	}
	for _, c := range s.Campaigns {
		n, m := float64(c.Treated), float64(c.Control)
		if share := m / (n + m); math.Abs(share-controlShare) > 0.02 {
			t.Errorf("%s: control is %.3f of the chosen", c.ID, share)
		}
		se := math.Sqrt(c.ControlRate * (1 - c.ControlRate) * (1/n + 1/m))
		if math.Abs(c.WithoutRate-c.ControlRate) > 4*se {
			t.Errorf("%s: %.4f of the treated would have bought anyway, %.4f of the control did, standard error %.4f", c.ID, c.WithoutRate, c.ControlRate, se)
		}
		if c.TrueLift <= 0 || math.Abs(c.TreatedRate-c.WithoutRate-c.TrueLift) > 1e-12 {
			t.Errorf("%s: lift %.4f of %.4f over %.4f", c.ID, c.TrueLift, c.TreatedRate, c.WithoutRate)
		}
		if c.TrueLiftYoung <= c.TrueLiftOther {
			t.Errorf("%s: lift %.4f under 35 is not above %.4f", c.ID, c.TrueLiftYoung, c.TrueLiftOther)
		}
	}
}

func TestFolderOfSomebodyElse(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "thesis.txt")
	if err := os.WriteFile(mine, []byte("ten years"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Write(context.Background(), dir, Options{Customers: 50})
	if !errors.Is(err, ErrNotOurs) {
		t.Fatalf("error %v", err)
	}
	if got := hashes(t, dir); len(got) != 1 {
		t.Errorf("files after the refusal: %v", got)
	}
}

func TestShopReplacesShop(t *testing.T) {
	dir := t.TempDir()
	mustWrite(t, dir, Options{Customers: 200, Seed: 1})
	note := filepath.Join(dir, "note.txt")
	if err := os.WriteFile(note, []byte("keep"), 0o600); err != nil {
		t.Fatal(err)
	}
	small := Options{Customers: 200, Seed: 1, Plain: true}
	mustWrite(t, dir, small)
	got, fresh := hashes(t, dir), t.TempDir()
	mustWrite(t, fresh, small)
	want := hashes(t, fresh)
	want["note.txt"] = got["note.txt"]
	for path := range got {
		if got[path] != want[path] || got[path] == "" {
			t.Errorf("%s is left from the older shop, or differs", path)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}

	// Facts of one shop in the store and files of another would not fit.
	if err := os.WriteFile(filepath.Join(dir, "clientele.duckdb"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, dir, small)
	if _, err := Write(context.Background(), dir, Options{Customers: 201, Plain: true}); err == nil || !strings.Contains(err.Error(), "another demo shop") {
		t.Errorf("error %v", err)
	}
}

func TestInterruptedShopCanBeWrittenAgain(t *testing.T) {
	dir := t.TempDir()
	ctx, stop := context.WithCancel(context.Background())
	opt := Options{Customers: 4000, Seed: 5, Workers: 1, Progress: func(done, total int64) {
		if done > total/3 {
			stop()
		}
	}}
	if _, err := Write(ctx, dir, opt); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "truth.json")); err == nil {
		t.Error("an interrupted shop has a truth.json")
	}
	for path := range hashes(t, dir) {
		if strings.HasSuffix(path, ".part") {
			t.Errorf("%s was left", path)
		}
	}
	opt.Progress = nil
	mustWrite(t, dir, opt)
	fresh := t.TempDir()
	mustWrite(t, fresh, opt)
	a, b := hashes(t, dir), hashes(t, fresh)
	for path := range b {
		if a[path] != b[path] {
			t.Errorf("%s differs from an uninterrupted shop", path)
		}
	}
}

func TestMarkerCannotNameFilesOutside(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(dir, "outside.txt")
	shop := filepath.Join(dir, "shop")
	if err := errors.Join(os.Mkdir(shop, 0o755), os.WriteFile(outside, nil, 0o600),
		os.WriteFile(filepath.Join(shop, marker), []byte(`{"generator":"clientele demo","files":["../outside.txt"]}`), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(context.Background(), shop, Options{Customers: 50}); err == nil {
		t.Error("a marker that names ../outside.txt was believed")
	}
	if _, err := os.Stat(outside); err != nil {
		t.Error(err)
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for want, opt := range map[string]Options{
		"customers": {Customers: -1},
		"orders":    {Customers: 100, Orders: 50},
		"dialect":   {Dialect: "xml"},
		"period":    {From: day("2025-01-01"), To: day("2025-01-10")},
	} {
		dir := filepath.Join(t.TempDir(), "shop")
		if _, err := Write(context.Background(), dir, opt); err == nil || !strings.Contains(err.Error(), want+":") {
			t.Errorf("%s: error %v", want, err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: the folder was made", want)
		}
	}
}

// Every file of data is loaded by one source of clientele.yaml, and none twice.
func TestConfigurationCoversTheFiles(t *testing.T) {
	for name, opt := range map[string]Options{
		"mixed": {Customers: 500}, "plain": {Customers: 500, Plain: true}, "csv": {Customers: 500, Dialect: "csv"},
		"plain parquet": {Customers: 500, Dialect: "parquet", Plain: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := mustWrite(t, dir, opt)
			text, err := os.ReadFile(filepath.Join(dir, "clientele.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			var c struct {
				Timezone string
				Currency string
				Sources  []struct {
					Name, Kind, Path string
					Map              map[string]string
				}
				Horizon  int    `yaml:"horizon_days"`
				Discount string `yaml:"discount_rate"`
			}
			if err := yaml.UnmarshalWithOptions(text, &c, yaml.Strict()); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if c.Timezone != s.Timezone || c.Currency != s.Spend.Currency {
				t.Errorf("timezone %s, currency %s", c.Timezone, c.Currency)
			}
			loads := map[string]string{}
			for _, src := range c.Sources {
				pattern := src.Path
				if info, err := os.Stat(filepath.Join(dir, pattern)); err == nil && info.IsDir() {
					pattern += "/*"
				}
				files, err := filepath.Glob(filepath.Join(dir, pattern))
				if err != nil || len(files) == 0 {
					t.Errorf("source %s: no files at %s (%v)", src.Name, src.Path, err)
				}
				for _, f := range files {
					rel, err := filepath.Rel(dir, f)
					if err != nil || loads[filepath.ToSlash(rel)] != "" {
						t.Errorf("%s is loaded twice (%v)", rel, err)
					}
					loads[filepath.ToSlash(rel)] = src.Kind
				}
			}
			for _, f := range s.Files {
				if loads[f.Path] != f.Kind {
					t.Errorf("%s is %s, loaded as %q", f.Path, f.Kind, loads[f.Path])
				}
			}
		})
	}
}

func TestProgressEndsAtTheTotal(t *testing.T) {
	var last, total int64
	s := mustWrite(t, t.TempDir(), Options{Customers: 2000, Workers: 3, Progress: func(done, of int64) {
		if done < last {
			t.Errorf("progress went back from %d to %d", last, done)
		}
		last, total = done, of
	}})
	if last != total || total != s.Totals.Orders {
		t.Errorf("progress ended at %d of %d; %d orders", last, total, s.Totals.Orders)
	}
}

func TestWarpIsUndoneByUnwarp(t *testing.T) {
	opt, err := Options{}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	c := newCalendar(epochDay(opt.From), epochDay(opt.To), false)
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.Float64Range(0, float64(c.days)-1e-6).Draw(t, "day")
		if back := c.unwarp(c.warp(day)); math.Abs(back-day) > 1e-7 {
			t.Fatalf("%v came back as %v", day, back)
		}
	})
	if got := c.warp(float64(c.days)); math.Abs(got-float64(c.days)) > 1e-9 {
		t.Errorf("the whole period is %v days of operational time, not %d: seasons must not add orders", got, c.days)
	}
	// Double 11 is the busiest day of 2025, New Year's Eve (28 January) a quiet one.
	weight := func(m time.Month, d int) float64 {
		i := epochDay(time.Date(2025, m, d, 0, 0, 0, 0, time.UTC)) - c.from
		return c.cum[i+1] - c.cum[i]
	}
	if weight(11, 11) < 2*weight(10, 14) || weight(1, 28) > weight(10, 14)/2 {
		t.Errorf("weights: Double 11 %.2f, an October Tuesday %.2f, New Year's Eve %.2f", weight(11, 11), weight(10, 14), weight(1, 28))
	}
}

func TestHoursKeepOrderAndOpeningTimes(t *testing.T) {
	online, store := onlineHours(), storeHours()
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Float64Range(0, 1-1e-9).Draw(t, "a")
		b := rapid.Float64Range(a, 1-1e-9).Draw(t, "b")
		if online.second(a) > online.second(b) {
			t.Fatalf("%v and %v change places", a, b)
		}
		if s := store.second(a); s < 9*3600 || s > 22*3600 {
			t.Fatalf("the store sells at %v", time.Duration(s)*time.Second)
		}
	})
}

func TestBasketSumsToTheAmount(t *testing.T) {
	c := newCatalogue(1)
	if len(c.products) != 200 {
		t.Errorf("%d products", len(c.products))
	}
	var lines [maxLines]line
	rapid.Check(t, func(t *rapid.T) {
		amount := int64(rapid.Uint32Range(1, 5_000_000).Draw(t, "cents"))
		st := stream{rapid.Uint64().Draw(t, "stream")}
		n := c.basket(&st, rapid.IntRange(0, 7).Draw(t, "family"), amount, &lines)
		if n < 1 || n > maxLines {
			t.Fatalf("%d lines", n)
		}
		sum := int64(0)
		for i, l := range lines[:n] {
			list := c.products[l.product].price * int64(l.quantity)
			if l.quantity < 1 || l.discount < 0 || l.net < 0 || list-l.discount != l.net {
				t.Fatalf("line %d: %+v of price %d", i, l, c.products[l.product].price)
			}
			if find(lines[:i], l.product) >= 0 {
				t.Fatalf("a product stands twice: %+v", lines[:n])
			}
			sum += l.net
		}
		if sum != amount {
			t.Fatalf("lines sum to %d, not %d", sum, amount)
		}
	})
}

func TestProductsAreDifferent(t *testing.T) {
	c := newCatalogue(9)
	var zh, en, sku []string
	for _, p := range c.products {
		zh, en, sku = append(zh, p.zh), append(en, p.en), append(sku, p.sku)
		if p.cost <= 0 || p.cost >= p.price {
			t.Errorf("%s costs %d and sells at %d", p.zh, p.cost, p.price)
		}
	}
	for _, names := range [][]string{zh, en, sku} {
		slices.Sort(names)
		if n := len(slices.Compact(slices.Clone(names))); n != 200 {
			t.Errorf("%d different names of 200: %v", n, names[:5])
		}
	}
}

func TestTextsAreWhole(t *testing.T) {
	w := &world{goods: newCatalogue(1)}
	rapid.Check(t, func(t *rapid.T) {
		st := stream{rapid.Uint64().Draw(t, "stream")}
		kind := touchKind(rapid.IntRange(int(ticket), int(survey)).Draw(t, "kind"))
		mood := uint8(rapid.IntRange(0, 4).Draw(t, "mood"))
		p := &w.goods.products[rapid.IntRange(0, 199).Draw(t, "product")]
		text, topic := w.say(nil, &st, kind, mood, rapid.Bool().Draw(t, "english"), p)
		if len(text) < 10 || topic == "" || strings.ContainsAny(string(text), "{}\"\\\n") {
			t.Fatalf("%q about %q", text, topic)
		}
	})
}

func TestCentsInJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Cents(rapid.Int64Range(0, 1<<53).Draw(t, "cents"))
		text, err := c.MarshalJSON()
		var back Cents
		if err != nil || back.UnmarshalJSON(text) != nil || back != c {
			t.Fatalf("%d became %s and %d", c, text, back)
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	for name, opt := range map[string]Options{
		"mixed":   {Customers: 50_000, Orders: 500_000},
		"plain":   {Customers: 50_000, Orders: 500_000, Plain: true},
		"csv":     {Customers: 50_000, Orders: 500_000, Dialect: "csv"},
		"parquet": {Customers: 50_000, Orders: 500_000, Dialect: "parquet"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			orders := int64(0)
			for b.Loop() {
				orders += mustWrite(b, b.TempDir(), opt).Totals.Orders
			}
			b.ReportMetric(float64(orders)/b.Elapsed().Seconds(), "orders/s")
		})
	}
}
