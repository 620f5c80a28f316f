package demo

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// Listed is a customer of a shop when a target list is sent out: on the list, kept
// back as its control group, or neither.
type Listed struct {
	CustomerID string // of the id space that sources share
	Arm        string // "" for who is not on the list
	Orders     float64
	Spend      float64 // of one order, in the shop's currency; NaN: unknown
}

// ControlArm is the arm that is sent nothing.
const ControlArm = "control"

// Sending is a target list that is sent out, and what it does.
type Sending struct {
	List, Campaign, Channel string
	On                      time.Time // day of sending
	Days                    int       // days after it that are written, from 1 on
	Effect                  float64   // probability that a delivered message makes its reader order once more, [0,1]
	Seed                    uint64
	Prefix                  string // of order ids, so that they are new in the shop
}

// Answered is what was written, with what a reading of the result should find.
type Answered struct {
	Files     []string `json:"files"`
	Orders    int      `json:"orders"`
	Responses int      `json:"responses"`
	Treated   int      `json:"treated"`
	Control   int      `json:"control"`
	// TrueLift is the difference in the share who order within Days that the message
	// makes on average, over the customers on the list and kept back.
	TrueLift        float64 `json:"true_lift"`
	TreatedOrdered  int     `json:"treated_ordered"`
	ControlOrdered  int     `json:"control_ordered"`
	ExtraOrders     int     `json:"extra_orders"` // that the message made
	ExtraNet        float64 `json:"extra_net"`
	ExpectedPerHead float64 `json:"expected_orders_per_customer"`
}

// Odds of what becomes of a message.
const (
	deliveredShare    = 0.98
	openedShare       = 0.35 // of e-mails, by people
	machineShare      = 0.08 // of e-mails, by machines
	clickedShare      = 0.12
	unsubscribedShare = 0.004
	complainedShare   = 0.001
	answerDelay       = 3.0  // days, mean
	amountSpread      = 0.45 // of the log of an order's amount
)

// Answer writes what customers do in the days after a list was sent: orders.csv and
// responses.csv in a new folder, and what a reading should find in FOLDER.truth.json. Everybody goes on buying as expected, at a
// Poisson rate; who is sent the message is made to order once more by it with the
// probability Effect, and nobody else is. The same arguments give the same bytes.
func Answer(ctx context.Context, folder string, people []Listed, s Sending) (Answered, error) {
	if s.Days < 1 || !(s.Effect >= 0 && s.Effect <= 1) {
		return Answered{}, fmt.Errorf("answers of %d days with an effect of %g: at least a day and an effect between 0 and 1 are needed", s.Days, s.Effect)
	}
	if err := os.Mkdir(folder, 0o777); err != nil {
		if errors.Is(err, os.ErrExist) {
			return Answered{}, fmt.Errorf("%s is there already: answers are written into a new folder", folder)
		}
		return Answered{}, err
	}
	people = slices.Clone(people)
	slices.SortFunc(people, func(a, b Listed) int { return bytes.Compare([]byte(a.CustomerID), []byte(b.CustomerID)) })
	a := answers{Sending: s}
	for i := range people {
		if err := ctx.Err(); err != nil {
			return Answered{}, err
		}
		a.customer(&people[i], keyed(s.Seed, tagAnswer, uint64(i)))
	}
	if len(people) > 0 {
		a.out.ExpectedPerHead /= float64(len(people))
	}
	if n := a.out.Treated + a.out.Control; n > 0 {
		a.out.TrueLift /= float64(n)
	}
	return a.out, a.write(folder)
}

// answers are those of a list under construction.
type answers struct {
	Sending
	out       Answered
	orders    []timedRow
	responses []timedRow
}

// timedRow is a line of a file with its moment.
type timedRow struct {
	at   time.Time
	line []string
}

const clock = "2006-01-02 15:04:05"

func (a *answers) moment(days float64) time.Time {
	return a.On.Add(time.Duration((9 + 24*days) * float64(time.Hour))).Truncate(time.Second)
}

func (a *answers) customer(c *Listed, st stream) {
	a.out.ExpectedPerHead += c.Orders
	rate := max(c.Orders, 0) / float64(a.Days)
	ordered := 0
	if rate > 0 {
		for at := st.exp() / rate; at < float64(a.Days)-9.0/24; at += st.exp() / rate {
			a.order(c, at, &st)
			ordered++
		}
	}
	if c.Arm == "" {
		return
	}
	a.out.TrueLift += math.Exp(-max(c.Orders, 0)) * a.Effect * deliveredShare
	if c.Arm == ControlArm {
		a.out.Control++
		if ordered > 0 {
			a.out.ControlOrdered++
		}
		return
	}
	a.out.Treated++
	if a.message(c, st.sub(1)) || ordered > 0 {
		a.out.TreatedOrdered++
	}
}

// message plays what becomes of the message; it tells whether it made the reader order.
func (a *answers) message(c *Listed, st stream) (made bool) {
	a.respond(c, "sent", 0, false)
	delivered, moved, machine, opened, clicked, left, complained := st.chance(deliveredShare), st.chance(a.Effect), st.chance(machineShare),
		st.chance(openedShare), st.chance(clickedShare), st.chance(unsubscribedShare), st.chance(complainedShare)
	if !delivered {
		a.respond(c, "bounced", 0.001, false)
		return false
	}
	a.respond(c, "delivered", 0.001, false)
	at := min(0.05+st.exp()*answerDelay, float64(a.Days)-1)
	if a.Channel == "email" {
		if machine {
			a.respond(c, "opened", 0.002, true)
		}
		if opened || clicked || moved {
			a.respond(c, "opened", at, false)
		}
	}
	if clicked || moved {
		a.respond(c, "clicked", at+0.001, false)
	}
	if left {
		a.respond(c, "unsubscribed", at+0.002, false)
	}
	if complained {
		a.respond(c, "complained", at+0.003, false)
	}
	if moved {
		a.out.ExtraOrders++
		a.out.ExtraNet += a.order(c, at+0.02, &st)
	}
	return moved
}

// order writes one order and returns its amount.
func (a *answers) order(c *Listed, at float64, st *stream) float64 {
	mean := c.Spend
	if !(mean > 0) {
		mean = 50
	}
	cents := max(1, math.Round(100*mean*math.Exp(amountSpread*st.normal()-amountSpread*amountSpread/2)))
	t := a.moment(at)
	a.orders = append(a.orders, timedRow{t, []string{"", c.CustomerID, t.Format(clock), "paid", strconv.FormatFloat(cents/100, 'f', 2, 64)}})
	return cents / 100
}

func (a *answers) respond(c *Listed, event string, at float64, machine bool) {
	t := a.moment(at)
	a.responses = append(a.responses, timedRow{t, []string{"", a.Campaign, c.CustomerID, event, t.Format(clock), strconv.FormatBool(machine)}})
}

// write numbers the rows in the order of time and writes the files.
func (a *answers) write(folder string) error {
	a.out.Orders, a.out.Responses = len(a.orders), len(a.responses)
	a.out.ExtraNet = math.Round(100*a.out.ExtraNet) / 100
	for _, f := range []struct {
		name, id string
		header   []string
		rows     []timedRow
	}{
		{"orders.csv", a.Prefix, []string{"order_id", "customer_id", "ordered_at", "status", "net"}, a.orders},
		{"responses.csv", a.Prefix, []string{"response_id", "campaign_id", "customer_id", "event", "occurred_at", "machine"}, a.responses},
	} {
		slices.SortStableFunc(f.rows, func(x, y timedRow) int { return x.at.Compare(y.at) })
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		_ = w.Write(f.header) // into memory
		for i, row := range f.rows {
			row.line[0] = fmt.Sprintf("%s-%06d", f.id, i+1)
			_ = w.Write(row.line)
		}
		w.Flush()
		if err := os.WriteFile(filepath.Join(folder, f.name), b.Bytes(), 0o666); err != nil {
			return err
		}
		a.out.Files = append(a.out.Files, f.name)
	}
	text, err := json.MarshalIndent(a.out, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Clean(folder)+".truth.json", append(text, '\n'), 0o666) // beside it: it is nothing to load
}
