package demo

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// This file reads a shop's files the slow way, knowing only their headers, and
// counts what loading them must give. It shares no code with the generator.

type seenOrder struct {
	when     time.Time
	customer string // id, address or number; "" for nobody
	counted  bool
	net      int64
}

type recount struct {
	t      *testing.T
	dir    string
	files  map[string]*File
	orders map[string]*seenOrder // by channel and id
	lines  map[string]bool
	facts  map[string]bool // ids of other kinds

	refunds      int64
	refundsCount int64
	complaints   int64
	members      map[string]bool
}

var shanghai = time.FixedZone("CST", 8*3600)

func cents(s string) (int64, error) {
	f, err := strconv.ParseFloat(strings.TrimPrefix(s, "¥"), 64)
	return int64(math.Round(f * 100)), err
}

func moment(s string) (time.Time, error) {
	t, err := time.ParseInLocation(time.DateTime, s, shanghai)
	if err == nil && t.Year() > 2100 {
		err = errors.New("in the future")
	}
	return t, err
}

// table reads a CSV with header and calls row with each record, nil for a
// ragged one; the function returns what became of it.
func (r *recount) table(path string, in io.Reader, row func(f map[string]string) string) {
	c := csv.NewReader(in)
	c.FieldsPerRecord = -1
	header, err := c.Read()
	if err != nil {
		r.t.Fatalf("%s: %v", path, err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	for {
		rec, err := c.Read()
		if err == io.EOF {
			return
		}
		if err != nil {
			r.t.Fatalf("%s: %v", path, err)
		}
		fate := "rejected"
		if len(rec) == len(header) {
			f := map[string]string{}
			for i, h := range header {
				f[h] = rec[i]
			}
			fate = row(f)
		}
		r.count(path, fate)
	}
}

func (r *recount) objects(path string, in io.Reader, row func(f map[string]any) string) {
	s := bufio.NewScanner(in)
	for s.Scan() {
		var f map[string]any
		fate := "rejected"
		if json.Unmarshal(s.Bytes(), &f) == nil {
			fate = row(f)
		}
		r.count(path, fate)
	}
	if s.Err() != nil {
		r.t.Fatal(s.Err())
	}
}

func (r *recount) count(path, fate string) {
	f := r.files[path]
	if f == nil {
		f = &File{Path: path}
		r.files[path] = f
	}
	f.Rows++
	switch fate {
	case "accepted":
		f.Accepted++
	case "duplicate":
		f.Duplicates++
	case "rejected":
		f.Rejected++
	default:
		r.t.Fatalf("%s: fate %q", path, fate)
	}
}

// once says whether a fact is new.
func (r *recount) once(id string) string {
	if r.facts[id] {
		return "duplicate"
	}
	r.facts[id] = true
	return "accepted"
}

func (r *recount) order(path, key string, o seenOrder) *seenOrder {
	if old := r.orders[key]; old != nil {
		return old
	}
	r.orders[key] = &o
	if f := r.files[path]; f == nil {
		r.files[path] = &File{Path: path}
	}
	r.files[path].Orders++
	return r.orders[key]
}

func (r *recount) web(path string, in io.Reader) {
	r.table(path, in, func(f map[string]string) string {
		when, err1 := moment(f["created_at"])
		net, err2 := cents(f["line_total"])
		price, err3 := cents(f["unit_price"])
		off, err4 := cents(f["line_discount"])
		pieces, err5 := strconv.ParseInt(f["quantity"], 10, 64)
		if errors.Join(err1, err2, err3, err4, err5) != nil {
			return "rejected"
		}
		if price*pieces-off != net {
			r.t.Errorf("%s: order %s: %d x %d - %d is not %d", path, f["order_id"], pieces, price, off, net)
		}
		line := f["order_id"] + "/" + f["line_no"]
		if r.lines[line] {
			return "duplicate"
		}
		r.lines[line] = true
		customer := f["customer_id"]
		if customer == "" {
			customer = strings.ToLower(f["email"])
		}
		counted := f["status"] != "pending payment" && f["status"] != "cancelled"
		o := r.order(path, "web "+f["order_id"], seenOrder{when, customer, counted, 0})
		o.net += net
		if counted {
			r.files[path].Net += Cents(net)
		}
		return "accepted"
	})
}

func (r *recount) tmall(path string, in io.Reader) {
	r.table(path, simplifiedchinese.GB18030.NewDecoder().Reader(in), func(f map[string]string) string {
		when, err1 := moment(f["订单创建时间"])
		net, err2 := cents(f["买家实际支付金额"])
		if errors.Join(err1, err2) != nil {
			return "rejected"
		}
		if r.orders["tmall "+f["订单编号"]] != nil {
			return "duplicate"
		}
		counted := slices.Contains([]string{"交易成功", "退款成功", "卖家已发货,等待买家确认"}, f["订单状态"])
		r.order(path, "tmall "+f["订单编号"], seenOrder{when, f["买家会员名"], counted, net})
		if counted {
			r.files[path].Net += Cents(net)
		}
		if back, err := cents(f["退款金额"]); err == nil {
			r.refunds, r.refundsCount = r.refunds+back, r.refundsCount+1
			if (back == net) != (f["订单状态"] == "退款成功") {
				r.t.Errorf("%s: order %s of %d, %d given back, %s", path, f["订单编号"], net, back, f["订单状态"])
			}
		}
		return "accepted"
	})
}

func (r *recount) app(path string, in io.Reader) {
	r.objects(path, in, func(f map[string]any) string {
		when, err := time.Parse(time.RFC3339, f["created_at"].(string))
		amount, ok := f["net_amount"].(float64)
		if err != nil || !ok {
			return "rejected"
		}
		id := f["order_id"].(string)
		if r.orders["app "+id] != nil {
			return "duplicate"
		}
		customer, _ := f["user_id"].(string)
		if phone, ok := f["phone"].(string); ok {
			customer = strings.TrimPrefix(phone, "+86 ")
		}
		net := int64(math.Round(amount * 100))
		counted := f["status"] == "COMPLETED" || f["status"] == "PAID"
		if f["status"] == "CANCELLED" && f["cancelled_at"] != nil {
			counted = true // and paid back whole
			r.refunds, r.refundsCount = r.refunds+net, r.refundsCount+1
		}
		r.order(path, "app "+id, seenOrder{when, customer, counted, net})
		if counted {
			r.files[path].Net += Cents(net)
		}
		return "accepted"
	})
}

func (r *recount) stores(path, full string) {
	type row struct {
		Receipt string  `parquet:"receipt_no"`
		Member  *string `parquet:"member_no,optional"`
		SoldAt  int64   `parquet:"sold_at"`
		Amount  int64   `parquet:"amount"`
	}
	rows, err := parquet.ReadFile[row](full)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, x := range rows {
		customer := ""
		if x.Member != nil {
			customer = *x.Member
		}
		r.order(path, "pos "+x.Receipt, seenOrder{time.UnixMicro(x.SoldAt), customer, true, x.Amount})
		r.files[path].Net += Cents(x.Amount)
		r.count(path, "accepted")
	}
}

func (r *recount) other(path string, in io.Reader) {
	switch filepath.Base(path) {
	case "customers.csv":
		r.table(path, in, func(f map[string]string) string {
			if _, err := time.Parse("2006/01/02 15:04", f["registered_at"]); err != nil {
				return "rejected"
			}
			if f["birthday"] != "" {
				if _, err := time.Parse(time.DateOnly, f["birthday"]); err != nil {
					r.t.Error(err)
				}
			}
			r.members[f["customer_id"]] = true
			return r.once("customer " + f["customer_id"])
		})
	case "products.csv":
		r.table(path, in, func(f map[string]string) string { return r.once("product " + f["sku"]) })
	case "campaigns.csv":
		r.table(path, in, func(f map[string]string) string { return r.once("campaign " + f["campaign_id"]) })
	case "refunds.csv":
		r.table(path, in, func(f map[string]string) string {
			when, err1 := moment(f["refunded_at"])
			back, err2 := cents(f["refund_amount"])
			if errors.Join(err1, err2) != nil {
				return "rejected"
			}
			o := r.orders[map[byte]string{'W': "web ", 'A': "app ", 'S': "pos "}[f["order_id"][0]]+f["order_id"]]
			if o == nil || !o.counted || back > o.net || !when.After(o.when) || f["customer_id"] != "" && f["customer_id"] != o.customer {
				r.t.Errorf("refund %v of order %+v", f, o)
			}
			r.refunds, r.refundsCount = r.refunds+back, r.refundsCount+1
			return r.once("refund " + f["refund_id"])
		})
	case "interactions.jsonl":
		r.objects(path, in, func(f map[string]any) string {
			if _, err := moment(f["occurred_at"].(string)); err != nil {
				return "rejected"
			}
			if nps, ok := f["nps"].(float64); ok && (nps < 0 || nps > 10) {
				r.t.Errorf("nps of %v", nps)
			}
			fate := r.once("interaction " + f["interaction_id"].(string))
			if fate == "accepted" && f["type"] == "complaint" {
				r.complaints++
			}
			return fate
		})
	default:
		r.t.Errorf("unknown file %s", path)
	}
}

// assignment is a customer's arm and its moment.
type assignment struct {
	control bool
	when    time.Time
}

func (r *recount) responses(path string, in io.Reader) (arms map[string]assignment, converted map[string]bool) {
	zip, err := gzip.NewReader(in)
	if err != nil {
		r.t.Fatal(err)
	}
	arms, converted = map[string]assignment{}, map[string]bool{}
	r.table(path, zip, func(f map[string]string) string {
		when, err := moment(f["event_time"])
		if err != nil {
			return "rejected"
		}
		switch f["event"] {
		case "assigned":
			arms[f["customer_id"]] = assignment{f["arm"] == "control", when}
		case "converted":
			converted[f["customer_id"]] = true
		default:
			if f["arm"] == "control" {
				r.t.Errorf("%s: a control customer was %s", path, f["event"])
			}
		}
		return r.once("response " + f["event_id"])
	})
	return arms, converted
}

func TestTruthIsWhatTheFilesHold(t *testing.T) {
	dir := t.TempDir()
	s := mustWrite(t, dir, Options{Customers: 12_000, Seed: 20})
	r := &recount{t: t, dir: dir, files: map[string]*File{}, orders: map[string]*seenOrder{}, lines: map[string]bool{}, facts: map[string]bool{}, members: map[string]bool{}}
	type arms struct {
		of        map[string]assignment
		converted map[string]bool
	}
	var campaigns []arms
	paths := make([]string, len(s.Files))
	for i, f := range s.Files {
		paths[i] = f.Path
	}
	// Refunds are looked at after the orders that they are of.
	slices.SortStableFunc(paths, func(a, b string) int {
		return strings.Count(b, "/") - strings.Count(a, "/")
	})
	for _, path := range paths {
		full := filepath.Join(dir, path)
		f, err := os.Open(full)
		if err != nil {
			t.Fatal(err)
		}
		switch filepath.Dir(path) {
		case "data/web":
			r.web(path, f)
		case "data/tmall":
			r.tmall(path, f)
		case "data/app":
			r.app(path, f)
		case "data/stores":
			r.stores(path, full)
		case "data/responses":
			of, converted := r.responses(path, f)
			campaigns = append(campaigns, arms{of, converted})
		default:
			r.other(path, f)
		}
		f.Close()
	}

	dirty := map[string]int64{}
	for _, want := range s.Files {
		got := *r.files[want.Path]
		got.Kind, got.Format = want.Kind, want.Format
		info, err := os.Stat(filepath.Join(dir, want.Path))
		if err != nil {
			t.Fatal(err)
		}
		got.Bytes = info.Size()
		if got != want {
			t.Errorf("truth.json says\n%+v, the file holds\n%+v", want, got)
		}
		if want.Rejected*100 >= want.Rows {
			t.Errorf("%s: %d bad rows of %d is not well below 1 %%", want.Path, want.Rejected, want.Rows)
		}
		dirty[filepath.Dir(want.Path)] += want.Rejected + want.Duplicates
	}
	for _, channel := range []string{"data/web", "data/tmall", "data/app"} {
		if dirty[channel] == 0 {
			t.Errorf("%s has neither duplicates nor bad rows", channel)
		}
	}

	var got Totals
	got.Customers, got.Products, got.Complaints = int64(len(r.members)), 200, r.complaints
	got.RefundsCount, got.Refunds = r.refundsCount, Cents(r.refunds)
	buyers, shares := map[string]bool{}, map[string]float64{}
	for key, o := range r.orders {
		got.Orders++
		shares[key[:3]]++
		if !o.counted {
			continue
		}
		got.CountedOrders++
		got.GrossRevenue += Cents(o.net)
		switch {
		case o.customer == "":
			got.AnonymousOrders++
		case r.members[o.customer]:
			got.MemberOrders++
			if !buyers[o.customer] {
				got.MembersWithOrders++
			}
		default:
			got.GuestOrders++
			if !buyers[o.customer] && strings.Contains(o.customer, "@") {
				got.GuestsByEmail++
			} else if !buyers[o.customer] {
				got.GuestsByPhone++
			}
		}
		if o.customer != "" {
			buyers[o.customer] = true
		}
	}
	got.CustomersWithOrders = int64(len(buyers))
	got.NetRevenue = got.GrossRevenue - got.Refunds
	got.OrderLines = int64(len(r.lines))
	for id := range r.facts {
		switch {
		case strings.HasPrefix(id, "interaction "):
			got.Interactions++
		case strings.HasPrefix(id, "response "):
			got.Responses++
		}
	}
	want := s.Totals
	// What the files cannot tell by themselves.
	got.Prospects = got.Customers - got.MembersWithOrders
	got.UnpaidOrders, got.CancelledOrders, got.CancelledDated = want.UnpaidOrders, want.CancelledOrders, want.CancelledDated
	got.GuestsAreMembers = want.GuestsAreMembers
	if got != want {
		t.Errorf("totals: truth.json says\n%+v, the files hold\n%+v", want, got)
	}
	if n := want.UnpaidOrders + want.CancelledOrders + want.CountedOrders; n != want.Orders || want.CancelledDated == 0 {
		t.Errorf("%d orders by status, %d in all", n, want.Orders)
	}
	for channel, share := range map[string]float64{"web": .40, "tma": .25, "app": .20, "pos": .15} {
		if got := shares[channel] / float64(want.Orders); math.Abs(got-share) > 0.03 {
			t.Errorf("%s has %.3f of the orders", channel, got)
		}
	}
	checkCampaigns(t, s, r, func(k int) (map[string]assignment, map[string]bool) { return campaigns[k].of, campaigns[k].converted })
}

// checkCampaigns counts conversions from the orders, whatever the responses say,
// and compares both with truth.json.
func checkCampaigns(t *testing.T, s Summary, r *recount, read func(int) (map[string]assignment, map[string]bool)) {
	bought := map[string][]time.Time{}
	for _, o := range r.orders {
		if o.counted {
			bought[o.customer] = append(bought[o.customer], o.when)
		}
	}
	for k, c := range s.Campaigns {
		of, converted := read(k)
		var n, yes [2]int64
		for id, a := range of {
			arm, did := 0, false
			if a.control {
				arm = 1
			}
			for _, at := range bought[id] {
				did = did || !at.Before(a.when) && at.Before(a.when.AddDate(0, 0, c.WindowDays))
			}
			n[arm]++
			if did {
				yes[arm]++
			}
			if did != converted[id] {
				t.Errorf("%s: customer %s bought in the window: %v, converted: %v", c.ID, id, did, converted[id])
			}
		}
		if n[0] != c.Treated || n[1] != c.Control || n[1] == 0 {
			t.Errorf("%s: %v treated and control, truth %d and %d", c.ID, n, c.Treated, c.Control)
		}
		if math.Abs(float64(yes[0])/float64(n[0])-c.TreatedRate) > 1e-12 || math.Abs(float64(yes[1])/float64(n[1])-c.ControlRate) > 1e-12 {
			t.Errorf("%s: %v of %v bought, truth %.4f and %.4f", c.ID, yes, n, c.TreatedRate, c.ControlRate)
		}
	}
}

// truth.json is the summary that Write returns, to the cent.
func TestTruthFileIsTheSummary(t *testing.T) {
	dir := t.TempDir()
	s := mustWrite(t, dir, Options{Customers: 400, Seed: 2})
	text, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var back Summary
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if back.Totals != s.Totals || !slices.Equal(back.Files, s.Files) || !slices.Equal(back.Campaigns, s.Campaigns) || back.Process != s.Process {
		t.Errorf("truth.json reads back as %+v", back)
	}
}

// The flat dialects hold the same orders: one in CSV, one in Parquet.
func TestFlatDialectsAgree(t *testing.T) {
	sum := func(dialect string) (Totals, int64) {
		dir := t.TempDir()
		s := mustWrite(t, dir, Options{Customers: 3000, Seed: 4, Dialect: dialect})
		paths, err := filepath.Glob(filepath.Join(dir, "data/orders/*"))
		if err != nil || len(paths) != 30 {
			t.Fatalf("%d order files: %v", len(paths), err)
		}
		net := int64(0)
		for _, p := range paths {
			net += flatNet(t, p)
		}
		return s.Totals, net
	}
	a, x := sum("csv")
	b, y := sum("parquet")
	if a != b || x != y || Cents(x) != a.GrossRevenue {
		t.Errorf("CSV %+v, completed %d; Parquet %+v, completed %d", a, x, b, y)
	}
}

// flatNet sums the amounts of the completed orders of one file.
func flatNet(t *testing.T, path string) (net int64) {
	if strings.HasSuffix(path, ".parquet") {
		rows, err := parquet.ReadFile[flat](path)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if r.Status == "completed" {
				net += r.Amount
			}
		}
		return net
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows[1:] {
		if c, err := cents(r[3]); err != nil {
			t.Fatal(err)
		} else if r[5] == "completed" {
			net += c
		}
	}
	return net
}
