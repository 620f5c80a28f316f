package interval

import (
	"flag"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"clientele/engine/table"
	"clientele/models/gammagamma"
	"clientele/models/paretonbd"
	"clientele/models/purchase"
)

var long = flag.Bool("long", false, "many simulated shops in place of some")

// truth is what simulated shops are made from.
type truth struct {
	orders paretonbd.Params // weeks
	spend  gammagamma.Params
}

// Shops of slow customers, whose purchases hardly ever share a day: the models
// run in continuous time, and where many purchases are merged into days their
// parameters are off by some of a standard error. One has spend like CDNOW's, the
// other spend of infinite variance.
var (
	usual = truth{paretonbd.Params{R: 0.7, Alpha: 40, S: 0.6, Beta: 60}, gammagamma.Params{P: 6.25, Q: 3.74, V: 15.4}}
	heavy = truth{usual.orders, gammagamma.Params{P: 3, Q: 1.7, V: 20}}
	// Nobody is ever lost: S is zero.
	faithful = truth{paretonbd.Params{R: 0.7, Alpha: 60}, usual.spend}
)

const (
	horizon  = 1095
	discount = 0.1  // a year
	length   = 2000 // days of history, at most
	spread   = 1500 // days over which customers came
)

// shop is a base at its as-of day and what followed.
type shop struct {
	table  *table.Table
	orders []float64 // repeat purchase days within the horizon
	value  []float64 // what they came to, discounted
}

// simulate draws n customers as the models have them. Their first purchase falls
// on one of the first `spread` of `length` days; purchases round up to whole
// days, those of one day are one.
func simulate(p truth, n int, seed uint64) *shop {
	rng := rand.New(rand.NewPCG(seed, 31))
	rates := distuv.Gamma{Alpha: p.orders.R, Beta: p.orders.Alpha, Src: rng}
	deaths := distuv.Gamma{Alpha: p.orders.S, Beta: p.orders.Beta, Src: rng}
	nus := distuv.Gamma{Alpha: p.spend.Q, Beta: p.spend.V, Src: rng}
	delta := math.Log1p(discount) / 365
	var x, tx, age []int64
	var spend []float64
	s := &shop{}
	for range n {
		t := length - rng.IntN(spread)
		rate, life := rates.Rand()/7, math.Inf(1)
		if p.orders.S > 0 {
			life = rng.ExpFloat64() / (deaths.Rand() / 7)
		}
		price := distuv.Gamma{Alpha: p.spend.P, Beta: nus.Rand(), Src: rng}
		var days, last int64
		var spent, later, worth float64
		lastDay := int64(0)
		for at := rng.ExpFloat64() / rate; at < min(life, float64(t+horizon)); at += rng.ExpFloat64() / rate {
			day := int64(at) + 1
			if day == lastDay || day > int64(t+horizon) {
				continue
			}
			lastDay = day
			if v := price.Rand(); day <= int64(t) {
				days, last, spent = days+1, day, spent+v
			} else {
				later++
				worth += v * math.Exp(-delta*float64(day-int64(t)))
			}
		}
		x, tx, age = append(x, days), append(tx, last), append(age, int64(t))
		spend = append(spend, spent)
		s.orders, s.value = append(s.orders, later), append(s.value, worth)
	}
	column := func(name string, v []int64) *table.Column {
		return &table.Column{Field: table.Field{Name: name, Kind: table.Int}, Ints: v}
	}
	s.table = table.New(column("x", x), column("t_x", tx), column("T", age), column("last_day", tx),
		&table.Column{Field: table.Field{Name: "repeat_spend", Kind: table.Float}, Floats: spend})
	return s
}

// fitOrders fits the family that p is of.
func fitOrders(t testing.TB, in *table.Table, p truth) *purchase.Fitted {
	t.Helper()
	m := purchase.Model{Family: paretonbd.Family{}, Horizon: horizon, DiscountRate: discount, Workers: 1}
	if p.orders.S == 0 {
		m.Family = purchase.NBD{}
	}
	f, err := m.Fit(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return f.(*purchase.Fitted)
}

func fitSpend(t testing.TB, in *table.Table) *gammagamma.Fitted {
	t.Helper()
	f, err := (&gammagamma.Model{Workers: 1}).Fit(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return f.(*gammagamma.Fitted)
}

func forecaster(t testing.TB, in *table.Table, p truth) *Forecaster {
	t.Helper()
	f, err := New(Inputs{Orders: fitOrders(t, in, p), Spend: fitSpend(t, in), Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func base(t testing.TB, f *Forecaster, in *table.Table) *Base {
	t.Helper()
	b, err := f.Base(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
