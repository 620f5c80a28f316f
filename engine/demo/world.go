package demo

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// channel is where an order was made; each exports in a dialect of its own.
type channel uint8

const (
	web channel = iota
	tmall
	app
	pos
	channels
)

func (c channel) String() string { return [...]string{"web", "tmall", "app", "pos"}[c] }

// channelShare is the cumulative share of orders.
var channelShare = []float64{.40, .65, .85, 1}

// loyalty is how often a customer orders where they usually do.
const loyalty = 0.8

// who made an order, as far as its file tells.
type who uint8

const (
	member who = iota
	byEmail
	byPhone
	nobody
)

// status of an order.
type status uint8

const (
	done status = iota
	unpaid
	cancelled      // no date of cancelling: never counts
	cancelledDated // with a date: counts, and is a refund of that day
)

// order is one order before it is written out: 16 bytes, because ten million of
// them are sorted in memory. What else is known of it (lines, coupon, refund) is
// drawn again from its own stream wherever it is needed.
type order struct {
	at       uint32 // seconds since the period's start, business time
	customer uint32 // number of the member, or of the guest
	amount   uint32 // net, cents
	seq      uint16 // among the customer's
	channel  channel
	flags    uint8 // who, status, campaign
}

func (o order) who() who       { return who(o.flags & 3) }
func (o order) status() status { return status(o.flags >> 2 & 3) }
func (o order) campaign() int  { return int(o.flags>>4) - 1 } // -1: none
func (o order) counted() bool  { s := o.status(); return s == done || s == cancelledDated }

func flags(w who, s status, campaign int) uint8 {
	return uint8(w) | uint8(s)<<2 | uint8(campaign+1)<<4
}

// stream returns the order's random numbers of the kind tag.
func (o order) stream(seed, tag uint64) stream {
	s := keyed(seed, tag, uint64(o.customer)<<2|uint64(o.who()))
	return s.sub(uint64(o.seq))
}

func compareOrders(a, b order) int {
	switch {
	case a.at != b.at:
		return less(a.at < b.at)
	case a.flags&3 != b.flags&3:
		return less(a.flags&3 < b.flags&3)
	case a.customer != b.customer:
		return less(a.customer < b.customer)
	}
	return int(a.seq) - int(b.seq)
}

func less(before bool) int {
	if before {
		return -1
	}
	return 1
}

// Process is Pareto/NBD purchasing in weeks: a customer buys at rate lambda ~
// Gamma(r, alpha) while alive and lives for an exponential time of rate mu ~
// Gamma(s, beta).
type Process struct {
	R     float64 `json:"r"`
	Alpha float64 `json:"alpha"`
	S     float64 `json:"s"`
	Beta  float64 `json:"beta"`
	Unit  string  `json:"unit"` // weeks
}

// Spend is gamma-gamma spend of one purchase: Gamma(p, nu) with nu ~ Gamma(q, v).
type Spend struct {
	P        float64 `json:"p"`
	Q        float64 `json:"q"`
	V        float64 `json:"v"`
	Mean     float64 `json:"mean"` // p v / (q - 1)
	Currency string  `json:"currency"`
}

// expectedRepeats is E[X(T)] of a customer seen for T weeks (Schmittlein,
// Morrison and Colombo 1987, equation 17).
func (p Process) expectedRepeats(t float64) float64 {
	return p.R * p.Beta / (p.Alpha * (p.S - 1)) * (1 - math.Pow(p.Beta/(p.Beta+t), p.S-1))
}

// world is everything that is fixed before the first customer is drawn.
type world struct {
	opt        Options
	seed       uint64
	cal        *calendar
	online     *hours
	store      *hours
	goods      *catalogue
	process    Process
	spend      Spend
	campaigns  []campaign
	prospects  float64 // share of customers who never buy
	placeShare []float64
	left       []uint8 // by customer: consents taken back; simulate sets it
	stride     uint64  // coprime to the number of customers: see memberOfGuest
}

// complaintHazard multiplies a customer's rate of leaving after a complaint.
const complaintHazard = 1.6

func newWorld(opt Options) *world {
	w := &world{opt: opt, seed: opt.Seed, left: make([]uint8, opt.Customers), stride: coprime(uint64(opt.Customers))}
	w.cal = newCalendar(epochDay(opt.From), epochDay(opt.To), opt.Plain)
	w.online, w.store = onlineHours(), storeHours()
	w.goods = newCatalogue(opt.Seed)
	total, sum := 0.0, 0.0
	for _, p := range places {
		total += p.weight
	}
	for _, p := range places {
		sum += p.weight / total
		w.placeShare = append(w.placeShare, sum)
	}
	w.process = Process{R: 0.8, Alpha: 7.5, S: 0.65, Beta: 16, Unit: "weeks"}
	w.spend = Spend{P: 6, Q: 4, V: 75, Currency: "CNY"}
	if opt.Plain {
		// Rarer purchases than in the full shop, so that few fall on one day: see
		// customer.purchases.
		w.process = Process{R: 0.9, Alpha: 18, S: 0.7, Beta: 20, Unit: "weeks"}
	} else {
		w.prospects = 0.05
		w.campaigns = planCampaigns(w.cal)
	}
	w.spend.Mean = w.spend.P * w.spend.V / (w.spend.Q - 1)
	return w
}

// pilotCustomers are enough to know the number of orders within about 1 %.
const pilotCustomers = 200_000

// calibrate scales alpha until a pilot of customers makes as many orders as its
// share of opt.Orders. It takes a few rounds, because first purchases, complaints,
// failed attempts and campaigns do not grow in step with the rate.
func (w *world) calibrate(ctx context.Context) error {
	if w.opt.Orders == 0 {
		return nil
	}
	n := w.opt.Customers
	pilot := min(n, pilotCustomers)
	strangers := 1.0
	if !w.opt.Plain {
		strangers += guestShare + walkInShare
	}
	first := float64(pilot) * (1 - w.prospects) // every buyer makes one whatever the rate
	want := float64(w.opt.Orders) * float64(pilot) / float64(n) / strangers
	got := 0.0
	for range 8 {
		chunks, err := w.simulateAll(ctx, pilot, func(i uint32, out *chunk) { w.simulate(uint32(int(i)*n/pilot), out) })
		if err != nil {
			return err
		}
		got = 0
		for i := range chunks {
			got += float64(len(chunks[i].orders))
		}
		if math.Abs(got/want-1) < 0.003 {
			return nil
		}
		w.process.Alpha *= min(max((got-first)/max(want-first, first/100), 0.05), 20)
	}
	if got < 0.9*want {
		return fmt.Errorf("orders: %d are too many for %d customers in %d days", w.opt.Orders, n, w.cal.days)
	}
	return nil
}

// touch is one interaction before it is written out.
type touch struct {
	at       uint32
	customer uint32
	seq      uint16
	kind     touchKind
	mood     uint8 // 0 angry .. 4 delighted
	product  int32
}

type touchKind uint8

const (
	visit touchKind = iota
	ticket
	complaint // a ticket too
	call
	survey
)

// response is one event of a campaign.
type response struct {
	at       uint32
	customer uint32
	value    uint32 // cents, of converted
	event    event
	campaign uint8
	treated  bool
	machine  bool
}

type event uint8

const (
	assigned event = iota
	sent
	delivered
	bounced
	opened
	clicked
	converted
	unsubscribed
	complained
)

func (e event) String() string {
	return [...]string{"assigned", "sent", "delivered", "bounced", "opened", "clicked", "converted", "unsubscribed", "complained"}[e]
}

// chunk is what a run of customers did.
type chunk struct {
	orders    []order
	touches   []touch
	responses []response
	lift      [maxCampaigns]lift
	buyers    int64 // members with a counted order

	times []float64 // scratch of one customer: base purchases, in days
}

// lift counts one campaign's customers, with what would have happened to the
// treated without it.
type lift struct {
	treated, control int64
	treatedConverted int64
	treatedWithout   int64 // treated customers who had bought anyway
	controlConverted int64
	extraOrders      int64
	extraRevenue     Cents
	younger          int64 // treated and under 35 years
	convertedYounger int64
	withoutYounger   int64
}

func (l *lift) add(o *lift) {
	l.treated += o.treated
	l.control += o.control
	l.treatedConverted += o.treatedConverted
	l.treatedWithout += o.treatedWithout
	l.controlConverted += o.controlConverted
	l.extraOrders += o.extraOrders
	l.extraRevenue += o.extraRevenue
	l.younger += o.younger
	l.convertedYounger += o.convertedYounger
	l.withoutYounger += o.withoutYounger
}

// customer is one life while it is simulated.
type customer struct {
	w      *world
	out    *chunk
	number uint32
	traits traits
	st     stream
	lambda float64 // purchases a day of operational time
	nu     float64 // rate of spend, 1/yuan
	begin  float64 // days
	end    float64 // of life or of the period, days
	base   int     // out.orders from here are the customer's
	seq    uint16
	touchN uint16
}

const maxOrders = math.MaxUint16 - 64

// simulate appends customer i's life to out.
func (w *world) simulate(i uint32, out *chunk) {
	c := customer{w: w, out: out, number: i, base: len(out.orders)}
	c.traits, _ = w.traits(i)
	w.left[i] = 0
	if c.traits.prospect {
		return
	}
	out.buyers++
	c.begin = w.start(i)
	c.st = keyed(w.seed, tagProcess, uint64(i))
	c.st.next() // start took the first
	c.lambda = c.st.gamma(w.process.R) / w.process.Alpha / 7
	mu := c.st.gamma(w.process.S) / w.process.Beta / 7
	c.nu = c.st.gamma(w.spend.Q) / w.spend.V
	c.end = min(c.begin+c.st.exp()/mu, float64(w.cal.days))
	c.purchases()
	if !w.opt.Plain {
		c.visits()
		c.promote()
	}
}

// purchases draws the base process: the first purchase, then Poisson in
// operational time until the customer leaves.
func (c *customer) purchases() {
	w := c.w
	c.out.times = c.out.times[:0]
	total, last := float64(w.cal.days), -1.0
	for t, u := c.begin, w.cal.warp(c.begin); ; {
		if w.opt.Plain {
			// Two purchases on one day would count as one of a double amount, which
			// neither process knows: the second moves to the day after.
			if day := math.Floor(t); day <= last {
				t += last + 1 - day
			}
			if last = math.Floor(t); t >= total {
				return
			}
		}
		amount := c.amount()
		c.out.times = append(c.out.times, t)
		c.buy(t, amount, -1)
		u += c.st.exp() / c.lambda
		if u >= total || c.seq > maxOrders {
			return
		}
		if t = w.cal.unwarp(u); t >= c.end {
			return
		}
	}
}

func (c *customer) amount() uint32 {
	cents := c.st.gamma(c.w.spend.P) / c.nu * 100
	return uint32(min(max(cents+0.5, 1), 4e9))
}

// buy makes one counted order at day t, and what surrounds it.
func (c *customer) buy(t float64, amount uint32, campaign int) {
	o := order{customer: c.number, amount: amount, seq: c.seq, flags: flags(member, done, campaign)}
	c.seq++
	if c.w.opt.Plain {
		o.at = uint32(t * secondsPerDay)
		c.out.orders = append(c.out.orders, o)
		return
	}
	st := o.stream(c.w.seed, tagOrder)
	o.channel = c.traits.channel
	if !st.chance(loyalty) {
		o.channel = channel(st.pick(channelShare))
	}
	if campaign >= 0 && (o.channel == pos || o.channel == tmall) {
		o.channel = app // coupons of a campaign hold in the shop's own channels
	}
	o.at = c.w.clock(t, o.channel)
	if o.channel != pos && st.chance(0.045) {
		c.fail(o, &st)
	}
	c.out.orders = append(c.out.orders, o)
	c.follow(o, &st)
}

// clock gives the order on day t its time of day.
func (w *world) clock(t float64, ch channel) uint32 {
	day := math.Floor(t)
	h := w.online
	if ch == pos {
		h = w.store
	}
	return uint32(int(day)*secondsPerDay + h.second(t-day))
}

// fail adds an attempt some minutes before an order that came to nothing.
func (c *customer) fail(o order, st *stream) {
	o.seq, o.at = c.seq, o.at-min(o.at, uint32(60+st.intn(2400)))
	s := unpaid
	if u := st.float(); u < 0.3 {
		s = cancelled
	} else if u < 0.45 && o.channel == app && c.w.opt.Dialect == "" {
		s = cancelledDated
	}
	o.flags = flags(member, s, -1)
	c.seq++
	c.out.orders = append(c.out.orders, o)
}

// follow draws what an order may lead to: questions, calls, surveys, and
// complaints, after which the customer leaves sooner.
func (c *customer) follow(o order, st *stream) {
	t := float64(o.at) / secondsPerDay
	mood := uint8(min(max(3.1+1.1*st.normal(), 0), 4))
	item := c.item(st)
	switch u := st.float(); {
	case u < 0.028:
		c.touch(t+0.3+4*st.float(), ticket, mood, item)
	case u < 0.040:
		c.touch(t+0.1+3*st.float(), call, mood, item)
	case u < 0.056:
		at := t + 0.5 + 5*st.float()
		mood = uint8(st.intn(2))
		c.touch(at, complaint, mood, item)
		if at < c.end && c.end < float64(c.w.cal.days) {
			c.end = at + (c.end-at)/complaintHazard
		}
	}
	if st.chance(0.045) {
		c.touch(t+3+5*st.float(), survey, mood, item)
	}
	if o.channel == pos && st.chance(0.5) {
		c.touch(t-0.004*st.float(), visit, mood, item)
	}
}

func (c *customer) touch(t float64, kind touchKind, mood uint8, product int32) {
	if t < 0 || t >= float64(c.w.cal.days) {
		return
	}
	at := uint32(t * secondsPerDay)
	if kind != visit {
		at = c.w.clock(t, app)
	}
	c.out.touches = append(c.out.touches, touch{
		at: at, customer: c.number, seq: c.touchN, kind: kind, mood: mood, product: product,
	})
	c.touchN++
}

// item is a product the customer may speak of: mostly of the favourite family.
func (c *customer) item(st *stream) int32 {
	if st.chance(0.3) {
		return int32(st.intn(len(c.w.goods.products)))
	}
	return pickOne(st, c.w.goods.byPrice[c.traits.favourite])
}

// visits are those to the store without a purchase.
func (c *customer) visits() {
	if c.traits.channel != pos {
		return
	}
	st := keyed(c.w.seed, tagTouch, uint64(c.number))
	for u := c.w.cal.warp(c.begin); ; {
		u += st.exp() / (c.lambda*0.6 + 0.002)
		if u >= float64(c.w.cal.days) {
			return
		}
		t := c.w.cal.unwarp(u)
		if t >= c.end {
			return
		}
		c.touch(float64(c.w.clock(t, pos))/secondsPerDay, visit, 3, c.item(&st))
	}
}

// Guests and people at the till who say no name come beside the customers.
const (
	guestShare  = 0.045 // guest orders for each order of a customer
	walkInShare = 0.020
	guestOrders = 1.2 // orders of one guest, on average
)

// guest appends the orders of guest number g: known by e-mail in the web shop,
// by phone in the app.
func (w *world) guest(g uint32, out *chunk) {
	st := keyed(w.seed, tagGuest, uint64(g))
	by, ch := byEmail, web
	if guestByPhone(g) {
		by, ch = byPhone, app
	}
	n := 1
	for n < 4 && st.chance(0.175) {
		n++
	}
	nu := st.gamma(w.spend.Q) / w.spend.V
	for k := range n {
		w.stranger(&st, order{customer: g, seq: uint16(k), channel: ch, flags: flags(by, done, -1)}, nu, out)
	}
}

// memberOfGuest is the member whose e-mail address guest g used without logging
// in; every tenth guest of the web shop is one. No member is two guests.
func (w *world) memberOfGuest(g uint32) (i uint32, is bool) {
	n := uint64(w.opt.Customers)
	if uint64(g) >= n || guestByPhone(g) || mix(uint64(g)+w.seed)%10 != 0 {
		return 0, false
	}
	i = uint32(uint64(g) * w.stride % n)
	t, _ := w.traits(i)
	return i, t.hasEmail
}

// coprime is a number without a common factor with n, about 0.38 n.
func coprime(n uint64) uint64 {
	k := n*382/1000 + 1
	for gcd(k, n) != 1 {
		k++
	}
	return k
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// guestByPhone: every third guest.
func guestByPhone(g uint32) bool { return g%3 == 2 }

func (w *world) walkIn(g uint32, out *chunk) {
	st := keyed(w.seed, tagWalkIn, uint64(g))
	w.stranger(&st, order{customer: g, channel: pos, flags: flags(nobody, done, -1)}, st.gamma(w.spend.Q)/w.spend.V, out)
}

func (w *world) stranger(st *stream, o order, nu float64, out *chunk) {
	t := w.cal.unwarp(st.float() * float64(w.cal.days))
	o.at = w.clock(t, o.channel)
	o.amount = uint32(min(max(st.gamma(w.spend.P)/nu*100+0.5, 1), 4e9))
	out.orders = append(out.orders, o)
}

// boughtWithin tells whether the base process has a purchase in [from, to).
func boughtWithin(times []float64, from, to float64) bool {
	i, _ := slices.BinarySearch(times, from)
	return i < len(times) && times[i] < to
}
