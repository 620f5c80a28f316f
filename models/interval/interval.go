// Package interval says how far off a forecast may be: 95 % intervals of every
// customer's orders and lifetime value, and of their totals over any group of
// customers. They hold both what chance does to a customer whose parameters
// are known, and what the data leave open about the parameters.
//
// A customer's orders within the horizon have the posterior predictive
// distribution of the purchase model, averaged over parameters that the data
// allow (see points). Their worth is that number of purchases compounded with
// Gamma-Gamma's posterior of the customer's spend, exact but for the discount,
// which is taken as the mean one of the customer's purchases.
//
// An interval's lower end leaves at most 2.5 % below it. Its upper end is the
// least that brings 95 % inside: who will probably not buy again has an
// interval from zero that gives all of its 5 % to the other end. Where not
// buying is likelier than 95 % it is zero to zero, though the expected value is
// above: an expectation is an average over many such customers.
//
// Where the purchase model's forecasts are corrected by a level, so are these.
//
// Customers who are not lost buy by one distribution if they have as many purchases
// and the same age, by most purchase laws (purchase.Living): P(alive) alone sets
// them apart. Where the points are left out it is computed once for all of them, and
// the quantiles of their worth are read from one curve, within 2e-4 of the quantile
// or 3e-5 of its probability. Which other customers there are does not matter.
//
// The intervals are right as far as the models are. Nothing in them knows of a
// change of prices, of a season or of a model that does not fit; the backtest
// shows how many of them held in the past.
package interval

import (
	"context"
	"fmt"
	"math"

	"clientele/engine/table"
	"clientele/models/gammagamma"
	"clientele/models/purchase"
)

// Level is the probability that an interval is made for.
const Level = 0.95

// tail is the probability that the lower end may leave below.
const tail = (1 - Level) / 2

// Inputs are what a forecast is made of.
type Inputs struct {
	Orders  *purchase.Fitted   // with its horizon and discount
	Spend   *gammagamma.Fitted // nil, or without a model: values have no interval
	Margin  float64            // share of spend that is margin, above zero to 1; zero: 1, values are revenue
	Workers int                // goroutines; zero: one for each processor. Results do not depend on it
}

// Forecaster makes intervals. It keeps no rows and is safe for concurrent use.
type Forecaster struct {
	orders     *purchase.Fitted // nil where no model was fitted
	spendModel *gammagamma.Fitted
	spend      gammagamma.Params
	covariance gammagamma.Covariance
	hasSpend   bool
	margin     float64
	workers    int
	settings   purchase.Settings
	level      float64 // of purchase.Model

	estimates [][]float64 // purchase parameters: the estimates, then those around
	around    []point     // equally likely; none where the data say nothing of them
	mixed     bool        // customers' intervals are taken over the points around
	grouped   bool        // fits by group: each has a Forecaster of its own, made for the rows
	inputs    Inputs      // of which
	plain     []purchase.Law
}

// New prepares intervals for what was fitted.
func New(in Inputs) (*Forecaster, error) {
	f := &Forecaster{margin: in.Margin, workers: in.Workers}
	if f.margin == 0 {
		f.margin = 1
	}
	if !(f.margin > 0 && f.margin <= 1) {
		return nil, fmt.Errorf("interval: margin %v is not in (0, 1]", in.Margin)
	}
	if in.Orders == nil {
		return f, nil
	}
	if in.Orders.Groups() != nil || in.Spend != nil && in.Spend.Groups() != nil {
		f.grouped, f.inputs = true, in
		return f, nil
	}
	if in.Orders.Family() == nil {
		return f, nil
	}
	f.orders, f.settings, f.level = in.Orders, in.Orders.Settings(), in.Orders.Level()
	if in.Spend != nil {
		f.spendModel = in.Spend
		f.spend, f.hasSpend = in.Spend.Params()
		f.covariance, _ = in.Spend.Covariance()
	}
	f.estimates = [][]float64{f.orders.Params()}
	f.points()
	if f.covariates() == 0 {
		f.plain = f.lawsAt(nil)
	}
	f.mixed = f.matters()
	return f, nil
}

// Fields are the columns that Score writes.
func Fields() []table.Field {
	const models = " Both chance and what the data leave open about the models' parameters are in it. Missing where no model was fitted."
	const modelsZh = "已同时计入随机波动与模型参数的不确定性。未拟合模型时为空。"
	return []table.Field{
		{Name: "expected_orders_low", Kind: table.Float, Unit: "orders",
			Doc: "Lower end of the 95 % interval of the number of repeat purchases within the horizon, a whole number." + models, DocZh: "预测期内复购次数的 95% 区间下限（整数）。" + modelsZh},
		{Name: "expected_orders_high", Kind: table.Float, Unit: "orders",
			Doc: "Upper end of the 95 % interval of the number of repeat purchases within the horizon, a whole number." + models, DocZh: "预测期内复购次数的 95% 区间上限（整数）。" + modelsZh},
		{Name: "clv_low", Kind: table.Float, Unit: "money",
			Doc: "Lower end of the 95 % interval of what the customer brings within the horizon, discounted and before refunds; zero where buying nothing is likely enough." + models, DocZh: "预测期内客户折现价值（未扣除退款）的 95% 区间下限；不再购买的可能性足够大时为零。" + modelsZh},
		{Name: "clv_high", Kind: table.Float, Unit: "money",
			Doc: "Upper end of the 95 % interval of what the customer brings within the horizon, discounted and before refunds; zero, below the expected clv, where the customer buys nothing with 95 % probability." + models, DocZh: "预测期内客户折现价值（未扣除退款）的 95% 区间上限；若客户有 95% 以上的概率不再购买，则为零（低于期望值 clv）。" + modelsZh},
	}
}

// Score writes the columns of Fields of dst, row by row: chunks of any size give
// the same values. It reads x, t_x, T, the covariates of the purchase model and
// the spend of Gamma-Gamma. Customers without an order get missing values.
func (f *Forecaster) Score(ctx context.Context, dst, src *table.Table) error {
	b, err := f.Base(ctx, src)
	if err != nil {
		return err
	}
	low, high := dst.Floats("expected_orders_low"), dst.Floats("expected_orders_high")
	valueLow, valueHigh := dst.Floats("clv_low"), dst.Floats("clv_high")
	for i := range low {
		low[i], high[i] = b.Orders(i)
		valueLow[i], valueHigh[i] = b.Value(i)
	}
	return nil
}

// days is the span whose purchases have the mean that is expected of the
// customer within the horizon. Where purchase.Model.Level corrects that mean, the
// span is another: the customer buys so much sooner or later. A customer who will be
// lost before buying so much gets four times the horizon.
func (f *Forecaster) days(law purchase.Law, h purchase.History) int {
	if f.level == 1 {
		return f.settings.Horizon
	}
	var expected [1]float64
	span := [1]int{f.settings.Horizon}
	law.ExpectedTo(expected[:], h, span[:])
	target := f.level * expected[0]
	low, high := 0, 4*f.settings.Horizon // first above low
	for high-low > 1 {
		span[0] = (low + high) / 2
		if law.ExpectedTo(expected[:], h, span[:]); expected[0] < target {
			low = span[0]
		} else {
			high = span[0]
		}
	}
	return high
}

// covariates is how many of them the purchase model has.
func (f *Forecaster) covariates() int {
	m := f.orders.Model()
	return len(m.Buying) + len(m.Churn)
}

// crowd is the number of customers of a fit from which the laws around the estimates
// have tables: totals then ask them about some ten thousand histories.
const crowd = 20_000

// lawsAt returns the purchase law of a customer with covariates z at the
// estimates, then at each of the points around them.
func (f *Forecaster) lawsAt(z []float64) []purchase.Law {
	first, _ := f.orders.Law(z...)
	laws := []purchase.Law{first}
	s := f.settings
	s.Near, s.Longest, s.Window = true, f.orders.Oldest(), 0
	if len(z) > 0 || f.orders.Report().Rows < crowd {
		s.Longest = 0 // their forecasts are too few for tables
	}
	for _, p := range f.estimates[1:] {
		laws = append(laws, f.orders.Family().At(f.orders.ParamsOf(p, z), s))
	}
	return laws
}

// missing is an interval that there is none of.
func missing() (low, high float64) { return math.NaN(), math.NaN() }
