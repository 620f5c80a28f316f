// Package config is clientele.yaml: what may be set, its defaults, and strict
// reading of it.
package config

import "runtime"

// Config is clientele.yaml. Every field has a default (see Default); a zero
// value in a file means that zero, never "the default".
//
// The tag as:"share" lets a number be written as a percentage: 1% is 0.01.
type Config struct {
	Timezone  string    `yaml:"timezone"`  // business time zone, IANA name; frozen
	Currency  string    `yaml:"currency"`  // reporting currency, ISO 4217, or auto: the first one loaded; frozen
	Net       []string  `yaml:"net"`       // what net includes besides goods: tax, shipping; frozen
	Refunds   string    `yaml:"refunds"`   // a refund's day: refund or order; frozen
	Purchases string    `yaml:"purchases"` // which orders count: all or positive
	Sources   []Source  `yaml:"sources"`
	Rejects   Rejects   `yaml:"rejects"`
	Horizon   int       `yaml:"horizon_days"`             // of expected_orders and clv, days
	Discount  float64   `yaml:"discount_rate" as:"share"` // a year, 0.1 is 10 %
	Margin    float64   `yaml:"margin" as:"share"`        // share of net revenue that is margin, (0,1]; 1: clv is revenue
	Churn     Churn     `yaml:"churn"`
	RFM       RFM       `yaml:"rfm"`
	Lifecycle Lifecycle `yaml:"lifecycle"`
	Models    Models    `yaml:"models"`
	Resources Resources `yaml:"resources"`
	Output    Output    `yaml:"output"`
}

// Source is one place that facts come from.
type Source struct {
	Name      string            `yaml:"name"`      // names the facts it loads; unique
	Kind      string            `yaml:"kind"`      // orders, order-lines, customers, products, refunds, interactions, campaigns, responses
	Path      []string          `yaml:"path"`      // files, globs or folders, relative to the workspace
	Format    string            `yaml:"format"`    // auto, csv, tsv, jsonl, parquet
	Encoding  string            `yaml:"encoding"`  // auto, utf-8, gb18030
	Delimiter string            `yaml:"delimiter"` // auto, or one character; the word tab is read as that character
	Dates     string            `yaml:"dates"`     // auto, ymd, dmy, mdy
	Decimal   string            `yaml:"decimal"`   // auto, "." or ","
	IDSpace   string            `yaml:"id_space"`  // empty: the space that sources share; frozen
	Map       map[string]string `yaml:"map"`       // canonical column: header name
	Status    map[string]string `yaml:"status"`    // the file's word: paid, unpaid, cancelled, refunded ...
}

// Rejects limits how dirty a file may be.
type Rejects struct {
	Limit float64 `yaml:"limit" as:"share"` // share of rows, [0,1]; more refuse the file
}

// Churn is when silence counts as churn.
type Churn struct {
	Window int     `yaml:"window_days"`       // no purchase in so many days after as_of
	Medium float64 `yaml:"medium" as:"share"` // churn_risk from here: band medium
	High   float64 `yaml:"high" as:"share"`   // churn_risk from here: band high
}

// RFM is how customers are scored and named.
type RFM struct {
	Scheme    string    `yaml:"scheme"`    // grid125, rf25, cn8, r-rfm-0.2, or custom
	Monetary  string    `yaml:"monetary"`  // total or average
	Rule      string    `yaml:"rule"`      // cn8 only: values or scores, whose mean divides high from low
	Recency   []float64 `yaml:"recency"`   // own cut points in days, ascending; empty: quantiles
	Frequency []float64 `yaml:"frequency"` // own cut points in orders, ascending; empty: quantiles
	Money     []float64 `yaml:"money"`     // own cut points in money, ascending; empty: quantiles
	Segments  []Segment `yaml:"segments"`  // scheme custom: first match wins
}

// Segment is one name of a custom scheme and the score codes it covers.
type Segment struct {
	Name  string   `yaml:"name" json:"name"`
	Codes []string `yaml:"codes" json:"codes"` // each position a digit, a range [2-4] or *: "5[4-5]*"
}

// Lifecycle holds the thresholds of lifecycle_stage, in days.
type Lifecycle struct {
	New     int `yaml:"new_days"`          // first purchase at most so long ago, and only one purchase day: new
	Active  int `yaml:"active_days"`       // last purchase at most so long ago: active
	AtRisk  int `yaml:"at_risk_days"`      // at most so long: at risk
	Lapsed  int `yaml:"lapsed_days"`       // at most so long: lapsed; longer: lost
	WonBack int `yaml:"won_back_gap_days"` // active again after a silence longer than this: won back
}

// Models are the gates below which nothing is fitted.
type Models struct {
	MinCustomers int `yaml:"min_customers"` // with at least one purchase
	MinRepeaters int `yaml:"min_repeaters"` // with at least two purchase days
}

// Resources limit what a command may use.
type Resources struct {
	Memory  Size `yaml:"memory"`  // of the whole process, such as 4GiB; auto (0): 60 % of the machine
	Threads int  `yaml:"threads"` // 0: all cores
}

// Cores is the number of threads to use: Threads, or all cores when it is 0.
func (r Resources) Cores() int {
	if r.Threads > 0 {
		return r.Threads
	}
	return runtime.GOMAXPROCS(0)
}

// Output is what a run writes besides its Parquet.
type Output struct {
	CSV     bool     `yaml:"csv"`     // scores.csv too
	Reports []string `yaml:"reports"` // languages: en, zh
}

// Default is what holds where clientele.yaml says nothing.
func Default() Config {
	return Config{
		Timezone:  "UTC",
		Currency:  Auto,
		Refunds:   "refund",
		Purchases: "all",
		Rejects:   Rejects{Limit: 0.01},
		Horizon:   365,
		Discount:  0.10,
		Margin:    1,
		Churn:     Churn{Window: 90, Medium: 0.5, High: 0.8},
		RFM:       RFM{Scheme: "grid125", Monetary: "total", Rule: "values"},
		Lifecycle: Lifecycle{New: 30, Active: 90, AtRisk: 180, Lapsed: 365, WonBack: 180},
		Models:    Models{MinCustomers: 100, MinRepeaters: 50},
		Output:    Output{Reports: []string{"en", "zh"}},
	}
}

// DefaultSource is what holds where an entry of sources says nothing.
func DefaultSource() Source {
	return Source{Format: Auto, Encoding: Auto, Delimiter: Auto, Dates: Auto, Decimal: Auto}
}

// Auto is the word for "find out".
const Auto = "auto"

// Kinds are the kinds of facts that can be loaded.
func Kinds() []string {
	return []string{"orders", "order-lines", "customers", "products", "refunds", "interactions", "campaigns", "responses"}
}

// Schemes are the names of the segment schemes.
func Schemes() []string {
	return []string{"grid125", "rf25", "cn8", "r-rfm-0.2", "custom"}
}
