package report

// Text is a text in both languages.
type Text struct {
	En, Zh string
}

// Label is the name that people see for a key of the data, such as a segment.
type Label struct {
	Key string
	Text
}

// Warning is one doubt about a result; Code is short and stable.
type Warning struct {
	Code string
	Text
}

// Parameter is one estimate under the name its paper gives it.
type Parameter struct {
	Name  string
	Value float64
}

// ModelReport is how the fit of one model went; it mirrors models.Report.
type ModelReport struct {
	Model         string // pareto_nbd, gamma_gamma, rfm, churn ...
	Status        string // converged, boundary, fallback, skipped, fixed
	Method        string // what gave the scores
	Parameters    []Parameter
	LogLikelihood float64 // NaN when there is none
	Rows          int
	Iterations    int
	Warnings      []Warning
	Notes         []Warning // what the figures mean; no doubts
}

// Expected is how many repeat purchases the model expects in one period. A
// period begins on From (days since 1970-01-01) and ends where the next one
// begins, the last with the as-of day.
type Expected struct {
	From      int32
	Purchases float64
}

// Meta is what a report says that is not in any table.
type Meta struct {
	AsOf     int32  // days since 1970-01-01
	Shop     string // name of the workspace or of the business
	Currency string // ISO 4217
	Version  string // of the program
	Zone     string // business time zone, IANA name

	Horizon  int     // of expected orders and CLV, days
	Window   int     // of churn risk, days
	Discount float64 // a year, 0.1 is 10 %
	Margin   float64 // share of sales before refunds that CLV counts; 1: CLV is sales
	Medium   float64 // churn_risk from here: band medium
	High     float64 // churn_risk from here: band high

	Scheme    string  // of RFM
	Monetary  string  // total or average
	Segments  []Label // names of segments, in the order in which they are shown
	Lifecycle Stages

	Reasons []Label  // families of reasons, by their keys
	Totals  []Total  // of expected orders and values; none without a model
	Past    Backtest // what the models would have said on a past day

	Flows         []Flow      // of segments, by scheme; none without an earlier run
	OwnWords      []Described // segments of the configuration in its order, with their rules
	ClusterWords  []Described // clusters, the largest first
	Campaigns     []Campaign  // of the last 365 days with assignments, the newest first
	MoreCampaigns int         // older ones, or more than are shown
	Unassigned    int         // campaigns of the last 365 days of which nobody is known to have been assigned
	Lists         []List      // of the last 365 days that count, the newest first
	MoreLists     int

	Models   []ModelReport
	Expected []Expected // repeat purchases by period, ascending; empty when there is no model of them
	Warnings []Warning  // of the run as a whole; those of the models are in Models
	Checks   []Check    // checks of the data that found wrong rows
}

// Stages are the thresholds of the lifecycle, in days; see config.Lifecycle.
type Stages struct {
	New, Active, AtRisk, Lapsed, WonBack int
}

// Data is everything that a report shows. Money is in the reporting currency;
// NaN is a figure that could not be computed.
type Data struct {
	Meta
	Headline   Headline
	Coverage   Coverage
	Months     []Month // without gaps, up to the month of the as-of day
	Grid       []Cell
	Segments   []Group
	Lifecycle  []Group
	Own        []Group  // segments of the configuration, in its order
	Clusters   []Group  // the largest first
	Bands      []Group  // churn bands: low, medium, high
	Tenths     []Tenth  // by churn risk, ten steps from 0
	Reasons    []Reason // leading ones of the high churn band, the commonest first
	Values     []Bin    // CLV distribution, from the lowest
	Curves     []Curve  // concentration: net_revenue, clv
	Cohorts    Cohorts
	Repeats    []Repeat
	Facts      []Fact
	Loads      []Load
	Rejects    []Reject
	OtherFault int64 // rejected rows beyond those of Rejects

	Supplies    Supplies
	Fresh       []Fresh
	Unknowns    []Unknown
	Joined      []Joined
	SharedKeys  []SharedKey
	SharedTotal int64 // keys of which SharedKeys are the most shared
	Exclusions  []Exclusion
}

// Headline figures. Sums over 365 days end with the as-of day.
type Headline struct {
	Customers, Prospects          int64 // with and without an order
	Active30, Active90, Active365 int64 // customers with an order in so many days
	Repeaters                     int64 // customers with more than one order
	Orders, Orders365             int64
	GuestOrders                   int64 // orders without a customer
	GuestSales                    float64
	NetRevenue, Refunds           float64
	NetRevenue365                 float64
	NetRevenueBefore              float64 // of the 365 days before those; NaN when history does not reach back so far
	FirstOn, LastOn               int32   // days with the first and last order; meaningless without orders
}

// Coverage is how many customers have each score, and what the scores add up to.
type Coverage struct {
	Customers                                   int64
	RFM, Alive, Churn, Expected, CLV, Lifecycle int64
	AliveSum, ExpectedOrdersSum, CLVSum         float64
}

// Month is one calendar month.
type Month struct {
	Start                         int32 // its first day
	Orders, Customers, Newcomers  int64 // Newcomers: customers with their first order in it
	NetSales, Refunds, NetRevenue float64
	Partial                       bool // the as-of day is before its end
}

// Cell is one field of the RFM grid.
type Cell struct {
	R, F       int64
	Customers  int64
	NetRevenue float64
}

// Group is a segment, a lifecycle stage or a churn band.
type Group struct {
	Key            string
	Customers      int64
	Orders         int64
	NetRevenue     float64
	Spend365       float64 // net amount of orders in 365 days, before refunds
	Recency        float64 // mean, days
	ChurnRisk      float64 // mean
	ExpectedOrders float64 // sum
	CLV            float64 // sum
}

// Tenth is the customers whose churn risk lies in one tenth of [0,1].
type Tenth struct {
	Customers     int64
	Spend365, CLV float64
}

// Reason is the family of facts that raises the churn risk of some customers most.
type Reason struct {
	Key       string
	Customers int64
	Effect    float64 // mean, log odds
}

// Bin is the customers whose CLV lies in [Low, High).
type Bin struct {
	Low, High float64
	Customers int64
	CLV       float64
}

// Curve is how a measure is spread over customers, from the most valuable down.
type Curve struct {
	Measure   string // net_revenue or clv
	Points    []Point
	Customers int64
	Total     float64
	Reached   int64 // the fewest customers who hold 80 % of Total; 0 when Total is not above zero
}

// Point says that the first Customers (share of all) hold Value (share of all).
type Point struct {
	Customers, Value float64
}

// Top is the share of the total that the given share of customers holds.
func (c Curve) Top(share float64) float64 {
	last := Point{}
	for _, p := range c.Points {
		if p.Customers >= share {
			if p.Customers == last.Customers {
				return p.Value
			}
			return last.Value + (p.Value-last.Value)*(share-last.Customers)/(p.Customers-last.Customers)
		}
		last = p
	}
	return last.Value
}

// Cohorts are customers by the period of their first purchase.
type Cohorts struct {
	Step int // months of a period: 1, 3 or 12
	Rows []Cohort
}

// Cohort is one row of the triangle.
type Cohort struct {
	Start  int32   // first day of its first period
	Size   int64   // customers
	Active []int64 // who bought, by age in periods; Active[0] = Size
	Open   int     // the age whose period is not over on the as-of day, -1 when that period is over
}

// Repeat is the repeat purchases of one period.
type Repeat struct {
	From, To int32 // first and last day
	Actual   int64
	Expected float64 // NaN without a model
	Partial  bool    // the as-of day cuts the period short
}

// Fact is what the store holds of one kind.
type Fact struct {
	Kind                                          string
	Facts, WithoutCustomer, NotCounted, AfterAsOf int64
	Dated                                         bool
	FirstOn, LastOn                               int32
}

// Load is the rows of one source and what became of them.
type Load struct {
	Kind, Source, State                         string
	Files, Read, Accepted, Duplicates, Rejected int64
}

// Reject is one reason for which rows were rejected, with one example.
type Reject struct {
	Source, Column, Reason string
	Rows                   int64
	File                   string // name without folder
	Line                   int64
	Form                   string // of the value: letters are x, digits are 9
}
