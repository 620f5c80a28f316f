package demo

import (
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// dialect writes orders of one style.
type dialect interface {
	head(e *encoder)
	// row appends one order and returns how many rows it took.
	row(e *encoder, o order, serial uint64, r refund) int64
	// spoilage says how rows go bad; there are none in a clean dialect.
	spoilage() (s spoilage, dirty bool)
	// twice tells whether rows may be repeated within a file.
	twice() bool
}

// writeOrders writes bucket b.
func (e *encoder) writeOrders(p *plan, b int) error {
	bk := p.buckets[b]
	orders := e.life.orders[e.life.bounds[b]:e.life.bounds[b+1]]
	serial := uint64(p.serial(e.life, b))
	switch {
	case p.style == flatParq:
		return writeParquet(e, orders, serial, flatRows)
	case p.style == mixed && bk.channel == pos:
		return writeParquet(e, orders, serial, saleRows)
	}
	d := e.dialect(p.style, bk.channel)
	bad, dirty := d.spoilage()
	d.head(e)
	if bk.again {
		if err := e.repeatLastDays(p, b, d); err != nil {
			return err
		}
	}
	for i, o := range orders {
		n := serial + uint64(i)
		r := e.account(o, n)
		from := len(e.buf)
		rows := d.row(e, o, n, r)
		e.file.Rows += rows
		if d.twice() && e.repeat() {
			e.buf = append(e.buf, e.buf[from:]...)
		}
		for ; rows > 0 && dirty; rows-- {
			e.spoil(from, bad)
		}
		if err := e.room(); err != nil {
			return err
		}
	}
	return nil
}

func (e *encoder) dialect(s style, c channel) dialect {
	switch {
	case s == flatCSV:
		return flatDialect{}
	case s == plainCSV:
		return plainDialect{}
	case c == tmall:
		return newTmall(e.world.goods)
	case c == app:
		return appDialect{}
	}
	return webDialect{}
}

// account counts one new order and collects its refund.
func (e *encoder) account(o order, serial uint64) refund {
	e.file.Orders++
	e.pending++
	if o.counted() {
		e.file.Net += Cents(o.amount)
	}
	r := e.refundOf(o, serial)
	if r.amount > 0 {
		e.refunds = append(e.refunds, r)
	}
	return r
}

// repeatLastDays begins a file with the end of the one before it.
func (e *encoder) repeatLastDays(p *plan, b int, d dialect) error {
	old := e.life.orders[e.life.bounds[b-1]:e.life.bounds[b]]
	from := uint32((p.buckets[b].first - overlapDays) * secondsPerDay)
	serial := uint64(p.serial(e.life, b-1))
	for i, o := range old {
		if o.at < from {
			continue
		}
		rows := d.row(e, o, serial+uint64(i), e.refundOf(o, serial+uint64(i)))
		e.file.Rows += rows
		e.file.Duplicates += rows
		if err := e.room(); err != nil {
			return err
		}
	}
	return nil
}

// basket draws the order's lines; they are the same wherever it is written.
func (e *encoder) basket(o order) (lines []line, gross int64) {
	if o.status() != done {
		o.seq-- // an attempt that failed was for the order after it: see customer.fail
	}
	st := o.stream(e.world.seed, tagBasket)
	favourite := int(mix(uint64(o.customer)+e.world.seed) % 8)
	if o.who() == member {
		t, _ := e.world.traits(o.customer)
		favourite = t.favourite
	}
	n := e.world.goods.basket(&st, favourite, int64(o.amount), &e.lines)
	for _, l := range e.lines[:n] {
		gross += l.net + l.discount
	}
	return e.lines[:n], gross
}

// coupon is the code that explains an order's discount, "" for none.
func (e *encoder) coupon(o order, gross int64) string {
	if k := o.campaign(); k >= 0 {
		return e.world.campaigns[k].coupon
	}
	if off := gross - int64(o.amount); off*100 > gross*12 {
		return "VIP" + [...]string{"12", "15", "20", "25"}[min(int(off*100/gross-12)/4, 3)]
	}
	return ""
}

// recent tells whether an order of the last days is still on its way.
func (e *encoder) recent(o order, days int) bool {
	return int(o.at/secondsPerDay) > e.world.cal.days-days
}

// ---- the web shop: one row per line item --------------------------------------

type webDialect struct{}

func (webDialect) twice() bool { return false } // a repeated line would read as a second one

func (webDialect) head(e *encoder) {
	e.buf = append(e.buf, "order_id,line_no,created_at,customer_id,email,status,sku,product_name,category,quantity,unit_price,line_discount,line_total,coupon,campaign_id,currency,channel\n"...)
}

func (webDialect) row(e *encoder, o order, serial uint64, _ refund) int64 {
	lines, gross := e.basket(o)
	b := e.buf
	for i := range lines {
		l := &lines[i]
		p := &e.world.goods.products[l.product]
		b = e.appendOrderID(b, web, serial)
		b = append(b, ',', '1'+byte(i), ',')
		b = e.world.cal.appendTime(b, int64(o.at), ' ')
		b = append(b, ',')
		if o.who() == member {
			b = append(appendID(b, o.customer), ',')
		} else {
			b = append(b, ',')
			b = e.world.guestEmail(b, o.customer, o.seq)
		}
		b = append(b, ',')
		b = append(b, e.webStatus(o)...)
		b = append(b, ',')
		b = append(append(b, p.sku...), ',')
		b = append(append(b, p.en...), ',')
		b = append(append(b, families[p.category].en...), ',')
		b = append(appendInt(b, int64(l.quantity)), ',')
		b = append(appendCents(b, p.price), ',')
		b = append(appendCents(b, l.discount), ',')
		b = append(appendCents(b, l.net), ',')
		b = append(b, e.coupon(o, gross)...)
		b = append(b, ',')
		if k := o.campaign(); k >= 0 {
			b = append(b, e.world.campaigns[k].id...)
		}
		b = append(b, ",CNY,web\n"...)
	}
	e.buf = b
	return int64(len(lines))
}

func (e *encoder) webStatus(o order) string {
	switch {
	case o.status() == unpaid:
		return "pending payment"
	case o.status() == cancelled:
		return "cancelled"
	case e.recent(o, 3):
		return "paid"
	case e.recent(o, 9):
		return "shipped"
	}
	return "completed"
}

func (webDialect) spoilage() (spoilage, bool) {
	return spoilage{date: 2, money: 12, word: "see note"}, true
}

// ---- the flagship store: GB18030, Chinese headers, one row per order ------------

// tmallDialect holds its fixed texts already encoded.
type tmallDialect struct {
	header                                string
	titles                                []string
	success, refunded, closed, wait, sent string
	timeout, changed                      string
	tail                                  string
	none                                  string
	unchecked                             string // where money should be
}

func newTmall(c *catalogue) *tmallDialect {
	d := &tmallDialect{
		header:    gb("订单编号,买家会员名,买家应付货款,买家应付邮费,总金额,买家实际支付金额,订单状态,订单创建时间,订单付款时间,宝贝标题,宝贝种类,宝贝总数量,店铺名称,订单来源,订单关闭原因,退款金额\r\n"),
		success:   gb("交易成功"),
		refunded:  gb("退款成功"),
		closed:    gb("交易关闭"),
		wait:      gb("等待买家付款"),
		sent:      gb(`"卖家已发货,等待买家确认"`),
		timeout:   gb("买家未付款"),
		changed:   gb("买家不想要了"),
		tail:      gb("茗山旗舰店,天猫,"),
		none:      gb("无退款申请"),
		unchecked: gb("待核对"),
	}
	for _, p := range c.products {
		d.titles = append(d.titles, gb(p.zh))
	}
	return d
}

func (*tmallDialect) twice() bool { return true }

func (d *tmallDialect) head(e *encoder) { e.buf = append(e.buf, d.header...) }

func (d *tmallDialect) row(e *encoder, o order, serial uint64, r refund) int64 {
	lines, gross := e.basket(o)
	pieces := int64(0)
	for i := range lines {
		pieces += int64(lines[i].quantity)
	}
	b := e.appendOrderID(e.buf, tmall, serial)
	b = append(b, ',')
	b = append(appendID(b, o.customer), ',')
	b = append(appendCents(b, gross), ",0.00,"...)
	b = append(appendCents(b, int64(o.amount)), ',')
	b = append(appendCents(b, int64(o.amount)), ',')
	b = append(append(b, d.status(e, o, r)...), ',')
	b = append(e.world.cal.appendTime(b, int64(o.at), ' '), ',')
	if o.status() == done {
		b = e.world.cal.appendTime(b, int64(o.at)+8+int64(o.amount%200), ' ')
	}
	b = append(b, ',')
	b = append(append(b, d.titles[lines[0].product]...), ',')
	b = append(appendInt(b, int64(len(lines))), ',')
	b = append(appendInt(b, pieces), ',')
	b = append(b, d.tail...)
	if o.status() == cancelled {
		reason := d.timeout
		if o.amount%2 == 0 {
			reason = d.changed
		}
		b = append(b, reason...)
	}
	b = append(b, ',')
	if r.amount > 0 {
		b = appendCents(b, int64(r.amount))
	} else {
		b = append(b, d.none...)
	}
	e.buf = append(b, "\r\n"...)
	return 1
}

func (d *tmallDialect) status(e *encoder, o order, r refund) string {
	switch {
	case o.status() == unpaid:
		return d.wait
	case o.status() == cancelled:
		return d.closed
	case r.amount == o.amount:
		return d.refunded
	case e.recent(o, 6):
		return d.sent
	}
	return d.success
}

func (d *tmallDialect) spoilage() (spoilage, bool) {
	return spoilage{date: 7, money: 5, word: d.unchecked}, true
}

// ---- the app: JSON lines, instants in UTC -----------------------------------------

type appDialect struct{}

func (appDialect) twice() bool { return true }

func (appDialect) head(*encoder) {}

func (appDialect) row(e *encoder, o order, serial uint64, r refund) int64 {
	lines, gross := e.basket(o)
	w := e.world
	b := append(e.buf, `{"order_id":"`...)
	b = e.appendOrderID(b, app, serial)
	if o.who() == member {
		b = append(b, `","user_id":"`...)
		b = appendID(b, o.customer)
		b = append(b, `","phone":null`...)
	} else {
		b = append(b, `","user_id":null,"phone":"`...)
		b = w.guestPhone(b, o.customer, o.seq)
		b = append(b, '"')
	}
	b = append(b, `,"created_at":"`...)
	b = w.cal.appendUTC(b, int64(o.at))
	b = append(b, `","status":"`...)
	b = append(b, appStatus(e, o)...)
	b = append(b, `","cancelled_at":`...)
	if o.status() == cancelledDated {
		b = append(b, '"')
		b = w.cal.appendUTC(b, int64(r.at))
		b = append(b, '"')
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"channel":"app","platform":"`...)
	if o.customer%5 < 2 {
		b = append(b, "iOS"...)
	} else {
		b = append(b, "Android"...)
	}
	b = append(b, `","items":`...)
	b = appendInt(b, int64(len(lines)))
	b = append(b, `,"gross":`...)
	b = appendCents(b, gross)
	b = append(b, `,"discount":`...)
	b = appendCents(b, gross-int64(o.amount))
	b = append(b, `,"shipping":`...)
	if o.amount < 9900 {
		b = append(b, "8.00"...)
	} else {
		b = append(b, "0.00"...)
	}
	b = append(b, `,"net_amount":`...)
	b = appendCents(b, int64(o.amount))
	b = append(b, `,"currency":"CNY","coupon":`...)
	b = appendJSONText(b, e.coupon(o, gross))
	b = append(b, `,"campaign_id":`...)
	campaign := ""
	if k := o.campaign(); k >= 0 {
		campaign = w.campaigns[k].id
	}
	b = appendJSONText(b, campaign)
	e.buf = append(b, "}\n"...)
	return 1
}

func appStatus(e *encoder, o order) string {
	switch {
	case o.status() == unpaid:
		return "PENDING_PAYMENT"
	case o.status() == cancelled, o.status() == cancelledDated:
		return "CANCELLED"
	case e.recent(o, 4):
		return "PAID"
	}
	return "COMPLETED"
}

// appendJSONText writes a text that needs no escapes, or null for none.
func appendJSONText(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return append(append(append(b, '"'), s...), '"')
}

func (appDialect) spoilage() (spoilage, bool) {
	return spoilage{keys: [2]string{`"created_at":`, `"net_amount":`}, word: `"abc"`}, true
}

// ---- eight clean columns, for measuring -------------------------------------------

type flatDialect struct{}

func (flatDialect) twice() bool { return false }

func (flatDialect) head(e *encoder) {
	e.buf = append(e.buf, "order_id,customer_id,ordered_at,amount,channel,status,coupon,currency\n"...)
}

func (flatDialect) row(e *encoder, o order, serial uint64, _ refund) int64 {
	b := append(e.appendOrderID(e.buf, web, serial), ',')
	if o.who() == member {
		b = appendID(b, o.customer)
	}
	b = append(b, ',')
	b = append(e.world.cal.appendTime(b, int64(o.at), ' '), ',')
	b = append(appendCents(b, int64(o.amount)), ',')
	b = append(append(b, o.channel.String()...), ',')
	b = append(append(b, flatStatus(o)...), ',')
	b = append(b, flatCoupon(e, o)...)
	e.buf = append(b, ",CNY\n"...)
	return 1
}

func flatStatus(o order) string {
	return [...]string{done: "completed", unpaid: "unpaid", cancelled: "cancelled", cancelledDated: "cancelled"}[o.status()]
}

// flatCoupon needs no basket, which these files do not tell of.
func flatCoupon(e *encoder, o order) string {
	if k := o.campaign(); k >= 0 {
		return e.world.campaigns[k].coupon
	}
	if mix(uint64(o.amount)<<32|uint64(o.at))%9 == 0 {
		return "VIP15"
	}
	return ""
}

func (flatDialect) spoilage() (spoilage, bool) { return spoilage{}, false }

// ---- the plain shop: customer, time, amount, order -----------------------------------

type plainDialect struct{}

func (plainDialect) twice() bool { return false }

func (plainDialect) head(e *encoder) { e.buf = append(e.buf, "customer_id,date,amount,order_id\n"...) }

func (plainDialect) row(e *encoder, o order, serial uint64, _ refund) int64 {
	b := append(appendID(e.buf, o.customer), ',')
	b = append(e.world.cal.appendTime(b, int64(o.at), ' '), ',')
	b = append(appendCents(b, int64(o.amount)), ',')
	e.buf = append(e.appendOrderID(b, web, serial), '\n')
	return 1
}

func (plainDialect) spoilage() (spoilage, bool) { return spoilage{}, false }

// ---- Parquet ---------------------------------------------------------------------------

// sale is one receipt of the stores; flat is the clean row in Parquet.
type sale struct {
	Receipt  string `parquet:"receipt_no"`
	Member   string `parquet:"member_no,optional"`
	SoldAt   int64  `parquet:"sold_at,timestamp(microsecond)"`
	Store    string `parquet:"store,dict"`
	Items    int32  `parquet:"items"`
	Discount int64  `parquet:"discount,decimal(2:12)"`
	Amount   int64  `parquet:"amount,decimal(2:12)"`
	Payment  string `parquet:"payment,dict"`
	Channel  string `parquet:"channel,dict"`
	Currency string `parquet:"currency,dict"`
}

type flat struct {
	Order     string `parquet:"order_id"`
	Customer  string `parquet:"customer_id,optional"`
	OrderedAt int64  `parquet:"ordered_at,timestamp(microsecond)"`
	Amount    int64  `parquet:"amount,decimal(2:12)"`
	Channel   string `parquet:"channel,dict"`
	Status    string `parquet:"status,dict"`
	Coupon    string `parquet:"coupon,optional,dict"`
	Currency  string `parquet:"currency,dict"`
}

const (
	batchRows    = 4096
	rowGroupRows = 122_880
)

// writeParquet writes orders in batches: fill makes rows of some of them, with
// texts that are cut from one string, so there is no allocation per row.
func writeParquet[T any](e *encoder, orders []order, serial uint64, fill func(e *encoder, rows []T, orders []order, serial uint64)) error {
	// The version is empty: the program's would be in the bytes.
	pw := parquet.NewGenericWriter[T](e.out,
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest, Concurrency: 1}),
		parquet.CreatedBy("clientele demo", "1", ""))
	rows := make([]T, batchRows)
	group := 0
	for from := 0; from < len(orders); from += batchRows {
		part := orders[from:min(from+batchRows, len(orders))]
		fill(e, rows[:len(part)], part, serial+uint64(from))
		if _, err := pw.Write(rows[:len(part)]); err != nil {
			return err
		}
		e.file.Rows += int64(len(part))
		if group += len(part); group >= rowGroupRows {
			if err := pw.Flush(); err != nil {
				return err
			}
			group = 0
		}
		e.report.add(e.pending)
		e.pending = 0
		if err := e.ctx.Err(); err != nil {
			return err
		}
	}
	return pw.Close()
}

// texts writes two ids per order into one string and returns a cutter of them.
func (e *encoder) texts(orders []order, serial uint64, c channel) func() string {
	var ends [2 * batchRows]int32
	b := e.buf[:0]
	for i, o := range orders {
		b = e.appendOrderID(b, c, serial+uint64(i))
		ends[2*i] = int32(len(b))
		if o.who() == member {
			b = appendID(b, o.customer)
		}
		ends[2*i+1] = int32(len(b))
	}
	e.buf = b[:0]
	all, from, k := string(b), int32(0), 0
	return func() string {
		s := all[from:ends[k]]
		from, k = ends[k], k+1
		return s
	}
}

var stores = []string{"上海静安店", "杭州湖滨店", "北京三里屯店", "成都太古里店", "广州天河店", "苏州观前店"}
var payments = []string{"微信支付", "支付宝", "银行卡", "现金"}

func saleRows(e *encoder, rows []sale, orders []order, serial uint64) {
	text := e.texts(orders, serial, pos)
	for i, o := range orders {
		e.account(o, serial+uint64(i))
		lines, gross := e.basket(o)
		h := mix(uint64(o.at)<<20 ^ uint64(o.amount))
		store := uint64(o.customer) % uint64(len(stores)) // people have their store
		if h%10 == 0 || o.who() == nobody {
			store = h >> 8 % uint64(len(stores))
		}
		rows[i] = sale{
			Receipt: text(), Member: text(), SoldAt: e.world.cal.micros(int64(o.at)), Store: stores[store],
			Items: int32(len(lines)), Discount: gross - int64(o.amount), Amount: int64(o.amount),
			Payment: payments[min(h>>16%16/4, h>>24%4)], Channel: "store", Currency: "CNY",
		}
	}
}

func flatRows(e *encoder, rows []flat, orders []order, serial uint64) {
	text := e.texts(orders, serial, web)
	for i, o := range orders {
		e.account(o, serial+uint64(i))
		rows[i] = flat{
			Order: text(), Customer: text(), OrderedAt: e.world.cal.micros(int64(o.at)), Amount: int64(o.amount),
			Channel: o.channel.String(), Status: flatStatus(o), Coupon: flatCoupon(e, o), Currency: "CNY",
		}
	}
}
