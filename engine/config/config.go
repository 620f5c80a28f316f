// Package config is clientele.yaml: what may be set, its defaults, and strict
// reading of it.
package config

import "runtime"

// Config is clientele.yaml. Every field has a default (see Default); a zero
// value in a file means that zero, never "the default".
//
// The tag as:"share" lets a number be written as a percentage: 1% is 0.01;
// as:"margin" is that, or auto for zero. as:"... or off" lets a pointer be off: nil.
type Config struct {
	Timezone    string      `yaml:"timezone"`     // business time zone, IANA name; frozen
	Currency    string      `yaml:"currency"`     // reporting currency, ISO 4217, or auto: the first one loaded; frozen
	Net         []string    `yaml:"net"`          // what net includes besides goods: tax, shipping; frozen
	Refunds     string      `yaml:"refunds"`      // a refund's day: refund or order; frozen
	PhoneRegion string      `yaml:"phone_region"` // ISO 3166 region of telephone numbers without a country code; frozen
	Purchases   string      `yaml:"purchases"`    // which orders count: all or positive
	Rates       string      `yaml:"rates"`        // file of exchange rates (date, from, to, rate), relative to the workspace; empty: none
	Sources     []Source    `yaml:"sources"`
	Rejects     Rejects     `yaml:"rejects"`
	Identity    Identity    `yaml:"identity"`
	Priority    []string    `yaml:"priority"` // sources whose attributes win over newer values of others, best first; empty: the newest wins
	Exclude     []Exclusion `yaml:"exclude"`
	Checks      []Check     `yaml:"checks"`
	Horizon     int         `yaml:"horizon_days"`             // of expected_orders and clv, days
	Discount    float64     `yaml:"discount_rate" as:"share"` // a year, 0.1 is 10 %
	Margin      float64     `yaml:"margin" as:"margin"`       // share of net revenue that is margin, (0,1]; 0 (auto): from the costs of orders where they are known, else clv is revenue
	Churn       Churn       `yaml:"churn"`
	RFM         RFM         `yaml:"rfm"`
	Lifecycle   Lifecycle   `yaml:"lifecycle"`
	Segments    []Own       `yaml:"segments"` // own segments, evaluated in every run in this order
	Clusters    Clusters    `yaml:"clusters"`
	Contact     Contact     `yaml:"contact"`
	Campaigns   Campaigns   `yaml:"campaigns"`
	Models      Models      `yaml:"models"`
	Backtest    Backtest    `yaml:"backtest"`
	Gates       Gates       `yaml:"gates"`
	Keep        Keep        `yaml:"keep"`
	Metrics     string      `yaml:"metrics"` // Prometheus text file about the last run, relative to the workspace; empty: none
	Lineage     string      `yaml:"lineage"` // file that OpenLineage events are added to, relative to the workspace; empty: none
	Resources   Resources   `yaml:"resources"`
	Output      Output      `yaml:"output"`
}

// Source is one place that facts come from: files (Path) or a database
// (Connect), never both.
type Source struct {
	Name      string            `yaml:"name"`      // names the facts it loads; unique
	Kind      string            `yaml:"kind"`      // one of Kinds, or auto (also when empty): found from the columns
	Path      []string          `yaml:"path"`      // files, globs or folders, relative to the workspace
	Format    string            `yaml:"format"`    // auto, or one of Formats
	Encoding  string            `yaml:"encoding"`  // auto, or one of Encodings
	Delimiter string            `yaml:"delimiter"` // auto, or one character; the word tab is read as that character
	Sheet     string            `yaml:"sheet"`     // of a workbook; empty: found out
	Expand    Size              `yaml:"expand"`    // most bytes that one file may expand to; 0 (auto): 1 GiB, or 200 times its size up to 64 GiB
	Dates     string            `yaml:"dates"`     // auto, ymd, dmy, mdy; excel: ymd, and numbers are a spreadsheet's days
	Zone      string            `yaml:"zone"`      // time zone of times that name none, IANA name; empty: that of the recognised export, else the business time zone; frozen
	Decimal   string            `yaml:"decimal"`   // auto, "." or ","
	Amount    string            `yaml:"amount"`    // what an amount in a row is of, where an order has several rows: auto, order, line; frozen
	IDSpace   string            `yaml:"id_space"`  // empty: the space that sources share; frozen
	Map       map[string]string `yaml:"map"`       // canonical column: header name
	Status    map[string]string `yaml:"status"`    // the file's word: paid, unpaid, cancelled, refunded ...

	Connect      string `yaml:"connect"`       // postgres://USER@HOST:PORT/DATABASE, mysql://USER@HOST:PORT/DATABASE, or sqlite:FILE (package ingest/database has the options); never with a password
	Table        string `yaml:"table"`         // table or view, NAME or SCHEMA.NAME; this or Query
	Query        string `yaml:"query"`         // SQL that selects the rows
	Watermark    string `yaml:"watermark"`     // column that only grows: rows beyond its last value are read; empty: all rows each time
	PasswordEnv  string `yaml:"password_env"`  // environment variable that holds the password; this or PasswordFile, or neither
	PasswordFile string `yaml:"password_file"` // file that holds the password, relative to the workspace
}

// Identity is how rows that tell of the same customer find each other.
type Identity struct {
	Match       []string `yaml:"match"`        // keys that join: email, phone, member_id; empty: none
	SharedLimit int      `yaml:"shared_limit"` // a key held by more different customers than this joins nobody; at least 1
	Ignore      []string `yaml:"ignore"`       // globs of keys that join nobody
	Links       []string `yaml:"links"`        // files that force or forbid merges, relative to the workspace
}

// Exclusion leaves customers or orders out of scoring: those for which every
// condition holds. Exactly one of Customers and Orders is set.
//
// A condition names a column and the globs (* and ?, NFKC, capitals or not) of
// which one has to match. The columns are CustomerColumns, attribute.NAME, and
// OrderColumns. net_above and net_below have one number instead of globs.
type Exclusion struct {
	Name      string              `yaml:"name" json:"name"` // unique
	Customers map[string][]string `yaml:"customers" json:"customers,omitempty"`
	Orders    map[string][]string `yaml:"orders" json:"orders,omitempty"`
}

// Check is one of the business's own checks of its data. Exactly one of the
// rules is set (Rule says which); Min and Max are one.
type Check struct {
	Name       string              `yaml:"name"`              // unique
	Table      string              `yaml:"table"`             // one of CheckTables
	Column     string              `yaml:"column"`            // empty for Volume only
	NotNull    bool                `yaml:"not_null"`          // every row has a value
	Unique     bool                `yaml:"unique"`            // no value stands twice
	In         []string            `yaml:"in"`                // every value, as text, is one of these
	Min        *float64            `yaml:"min"`               // no value is below
	Max        *float64            `yaml:"max"`               // no value is above
	Matches    []string            `yaml:"matches"`           // every value matches one of these globs
	References string              `yaml:"references"`        // every value stands in this TABLE.COLUMN
	FreshDays  *int                `yaml:"fresh_days"`        // the newest date is at most so many days before today
	Volume     *float64            `yaml:"volume" as:"share"` // rows of a source's newest load deviate at most so much from the median of its last 28 loads
	Where      map[string][]string `yaml:"where"`             // only rows whose column, as text, is one of the values
	Severity   string              `yaml:"severity"`          // error or warning
}

// Rule is the key of the rule that is set: not_null, unique, in, min (also for
// max), matches, references, fresh_days or volume.
func (c Check) Rule() string {
	rules := c.rules()
	if len(rules) == 0 {
		return ""
	}
	return rules[0]
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
	Model  string  `yaml:"model"`             // of churn_risk, one of ChurnModels
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

// Own is a segment by a rule, in the language of package engine/segment.
type Own struct {
	Name  string `yaml:"name" json:"name"` // unique among own segments
	Rule  string `yaml:"rule" json:"rule"`
	About string `yaml:"about" json:"about,omitempty"` // one line for readers; may be empty
}

// Clusters are groups that customers fall into by themselves: column cluster.
type Clusters struct {
	Method   string   `yaml:"method"`               // kmeans, mixture (diagonal Gaussian), or none
	K        int      `yaml:"k"`                    // how many, at least 2; 0: chosen
	Columns  []string `yaml:"columns"`              // of scores, what customers are compared by; empty: recency, orders, money and tenure
	MinShare float64  `yaml:"min_share" as:"share"` // the smallest cluster has at least so many of the customers, [0,0.5]
	Match    string   `yaml:"match"`                // as_of of an earlier run (YYYY-MM-DD) whose clusters these are to be called after; empty: none
}

// Contact is who may be contacted: what every target list keeps to.
type Contact struct {
	Consent    string   `yaml:"consent"`              // required, or unless_refused
	Suppress   []string `yaml:"suppress"`             // files of customer ids, addresses and numbers, relative to the workspace
	Complaint  int      `yaml:"complaint_days"`       // nobody who complained so many days ago or fewer; 0: complaints make no difference
	Caps       []Cap    `yaml:"caps"`                 // contacts at most, over all campaigns
	Exclude    []string `yaml:"exclude"`              // segments that are never contacted
	Universal  float64  `yaml:"universal" as:"share"` // share of all customers that is contacted by no campaign, [0,0.5]
	Control    float64  `yaml:"control" as:"share"`   // share of a list that is kept back as its control group, [0,0.9]
	Stratified []string `yaml:"stratified"`           // columns of scores within each value of which the share is kept
}

// Cap bounds how often one customer is contacted.
type Cap struct {
	Contacts int    `yaml:"contacts"` // at most, at least 1
	Days     int    `yaml:"days"`     // within so many days
	Channel  string `yaml:"channel"`  // empty: all channels together
}

// Campaigns say how results are read.
type Campaigns struct {
	Window  int    `yaml:"window_days"` // of attribution, from the day of assignment on
	Outcome string `yaml:"outcome"`     // orders, or an event of responses, one of OutcomeEvents
}

// Models say what is fitted, and the gates below which nothing is.
type Models struct {
	Purchase     string   `yaml:"purchase"`      // model of repeat buying, one of PurchaseModels
	By           string   `yaml:"by"`            // fitted for each value of this column, one of GroupColumns; empty: once for all
	Buying       []string `yaml:"buying"`        // customer columns that act on how often customers buy: static covariates
	Leaving      []string `yaml:"leaving"`       // customer columns that act on how soon they are lost
	FirstSpend   bool     `yaml:"first_spend"`   // the first purchase day counts in expected_spend too
	Frozen       []string `yaml:"frozen"`        // files of saved models, or folders of runs, relative to the workspace, that score instead of new fits
	Recalibrate  bool     `yaml:"recalibrate"`   // expected orders and values times what came over what was expected in the last closed window
	MinCustomers int      `yaml:"min_customers"` // with at least one purchase
	MinRepeaters int      `yaml:"min_repeaters"` // with at least two purchase days
}

// Backtest says how earlier states of the shop are used in every run.
type Backtest struct {
	Origins int `yaml:"origins"`      // past days from which auto compares models, at least 1
	Holdout int `yaml:"holdout_days"` // days after each of them that are forecast; 0: churn.window_days
	Sample  int `yaml:"sample"`       // customers at most, in all that looks back, and 50 times as many orders; 0: all
}

// Gates are what the facts have to pass before run publishes anything: one
// that fails leaves the run of before current. All are off by default: what is
// too old or too little differs from shop to shop, and a gate that holds for no
// reason is soon switched off for good.
type Gates struct {
	FreshDays  *int     `yaml:"fresh_days" as:"days or off"`   // the newest order is at most so many days before the as-of day (latest: before today); nil: off
	MinOrders  int      `yaml:"min_orders"`                    // orders in the seven days up to the as-of day; 0: off
	MinVolume  *float64 `yaml:"min_volume" as:"share or off"`  // orders of the last whole day are at least this share of the median of that weekday in the eight weeks before; nil: off
	MaxRejects *float64 `yaml:"max_rejects" as:"share or off"` // share of the rows read since the last publication that were rejected; nil: off
	Checks     bool     `yaml:"checks"`                        // no check of severity error fails
}

// Keep says which runs stay. A run goes only when none of the rules that are
// set keeps it; with none set, all stay.
type Keep struct {
	Runs   int `yaml:"runs"`   // the newest so many; 0: no rule
	Days   int `yaml:"days"`   // those of the last so many days before the newest run; 0: no rule
	Months int `yaml:"months"` // the last run of each of the newest so many months; 0: no rule
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
		Timezone:    "UTC",
		Currency:    Auto,
		Refunds:     "refund",
		PhoneRegion: "CN",
		Purchases:   "all",
		Rejects:     Rejects{Limit: 0.01},
		Identity:    Identity{Match: []string{"email", "phone", "member_id"}, SharedLimit: 5},
		Horizon:     365,
		Discount:    0.10,
		Churn:       Churn{Window: 90, Medium: 0.5, High: 0.8, Model: Auto},
		RFM:         RFM{Scheme: "grid125", Monetary: "total", Rule: "values"},
		Lifecycle:   Lifecycle{New: 30, Active: 90, AtRisk: 180, Lapsed: 365, WonBack: 180},
		Clusters:    Clusters{Method: "kmeans", MinShare: 0.02},
		Contact:     Contact{Consent: "required", Complaint: 90, Control: 0.1},
		Campaigns:   Campaigns{Window: 30, Outcome: "orders"},
		Models:      Models{Purchase: "pareto_nbd", MinCustomers: 100, MinRepeaters: 50},
		Backtest:    Backtest{Origins: 2, Sample: 50_000},
		Output:      Output{Reports: []string{"en", "zh"}},
	}
}

// DefaultSource is what holds where an entry of sources says nothing.
func DefaultSource() Source {
	return Source{Kind: Auto, Format: Auto, Encoding: Auto, Delimiter: Auto, Dates: Auto, Decimal: Auto, Amount: Auto}
}

// DefaultCheck is what holds where an entry of checks says nothing.
func DefaultCheck() Check {
	return Check{Severity: "error"}
}

// Auto is the word for "find out".
const Auto = "auto"

// Off is the word for a gate that is not used.
const Off = "off"

// Kinds are the kinds of facts that can be loaded.
func Kinds() []string {
	return []string{"orders", "order-lines", "customers", "products", "refunds", "interactions", "campaigns", "responses"}
}

// Formats are the formats that can be read, but for auto.
func Formats() []string {
	return []string{"csv", "tsv", "json", "jsonl", "xlsx", "parquet"}
}

// Encodings are the encodings of text that can be read, but for auto. Capitals
// and underscores make no difference.
func Encodings() []string {
	return []string{"utf-8", "utf-16", "utf-16le", "utf-16be", "gb18030", "latin-1", "windows-1252", "iso-8859-15", "windows-1251", "shift-jis", "big5", "euc-kr"}
}

// CustomerColumns are what a condition on customers may name, besides
// attribute.NAME.
func CustomerColumns() []string {
	return []string{"customer_id", "name", "email", "phone", "gender", "country", "region", "city", "postcode", "acquired_channel", "tags"}
}

// OrderColumns are what a condition on orders may name and match with globs.
// net_above and net_below, each with a number, may stand beside them.
func OrderColumns() []string {
	return []string{"order_id", "source", "status", "shop", "channel", "coupon", "campaign_id"}
}

// CheckTables are the tables that a check may look at.
func CheckTables() []string {
	return []string{"orders", "order_lines", "refunds", "customers", "contacts", "products", "interactions", "campaigns", "responses", "identities", "texts"}
}

// PurchaseModels are the models of repeat buying that can be asked for.
func PurchaseModels() []string {
	return []string{Auto, "pareto_nbd", "bg_nbd", "mbg_nbd", "bg_cnbd_k", "mbg_cnbd_k"}
}

// ChurnModels are the ways to churn_risk: auto is logistic regression where it
// beats the plain rules, trees tries boosted trees too, purchase takes the
// probability of the model of repeat buying.
func ChurnModels() []string { return []string{Auto, "trees", "purchase"} }

// GroupColumns are what models.by may name: columns of customers, and the year
// of the first purchase.
func GroupColumns() []string {
	return []string{"cohort", "gender", "country", "region", "city", "acquired_channel"}
}

// CovariateColumns are what models.buying and models.leaving may name: columns of
// customers that do not change. A column of words becomes one of 0 and 1 for each
// of its more frequent words but the most frequent one.
func CovariateColumns() []string {
	return []string{"gender", "country", "region", "city", "acquired_channel", "age"}
}

// Schemes are the names of the segment schemes.
func Schemes() []string {
	return []string{"grid125", "rf25", "cn8", "r-rfm-0.2", "custom"}
}

// ClusterMethods are the ways to clusters; none leaves the column empty.
func ClusterMethods() []string { return []string{"kmeans", "mixture", "none"} }

// OutcomeEvents are the events of responses that may count as what a campaign is for.
func OutcomeEvents() []string { return []string{"converted", "clicked", "opened"} }

// ContactChannels are the channels of which it is known whether an address is
// there and whether the customer agreed.
func ContactChannels() []string { return []string{"email", "sms", "phone", "post"} }
