package exports

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// generator writes the files of one platform. What must be in a file whatever
// the seed follows from the number of an order; what may vary is drawn.
type generator struct {
	*rand.Rand
	platform platform
	seed     uint64
	people   []person
	docs     []*document
}

func newGenerator(p platform, seed uint64) *generator {
	return &generator{Rand: streamOf(p.name, seed), platform: p, seed: seed, people: castOf(seed)}
}

// streamOf returns the random numbers of a name, the same ones each time.
func streamOf(name string, seed uint64) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// sheet makes an empty table with the columns of the platform, and those that
// only some exports have.
func (g *generator) sheet(more ...string) *sheet {
	columns, _ := headers(g.platform.name)
	return newSheet(append(columns, more...))
}

// optional are the columns of the platform that only some exports have.
func (g *generator) optional() []string {
	_, optional := headers(g.platform.name)
	return optional
}

// file starts the truth of a file of the platform.
func (g *generator) file(folder, name, currency string) *document {
	d := &document{File: File{Path: folder + "/" + name, Platform: g.platform.name, Kind: g.platform.kind,
		Format: "csv", Encoding: utf8Plain, Delimiter: ",", Currency: currency, Statuses: map[string]int{}}}
	g.docs = append(g.docs, d)
	return d
}

// fill gives a file its table.
func (d *document) fill(s *sheet, how dialect) {
	d.bytes = s.text(how)
	d.Rows = len(s.rows)
	d.Delimiter = how.comma()
	if how.encoding != "" {
		d.Encoding = how.encoding
	}
}

// known adds a record that names somebody by keys, or, without any, nobody.
func (d *document) known(keys ...string) {
	if len(keys) == 0 {
		d.Nobody++
		return
	}
	d.keys = append(d.keys, keys)
}

// outcome is what became of an order.
type outcome int

const (
	completed outcome = iota
	shipped
	paid
	unpaid
	cancelled     // never paid, and without a date of its own
	cancelledDay  // with a date: a refund of the whole order on that day
	refunded      // paid and given back whole
	partlyBack    // paid and given back in part
	returnedNoSum // the status alone says that the money went back
	cameBack      // the parcel came back; what became of the money is not told
)

func (o outcome) counted() bool { return o != unpaid && o != cancelled && o != cameBack }

// order is one order before a platform writes it.
type order struct {
	n        int
	at       time.Time // in the platform's own zone
	who      *person
	items    []item
	discount Cents // off the whole order
	shipping Cents
	tax      Cents
	outcome  outcome
	back     Cents // what the file says went back
}

type item struct {
	*product
	quantity int
	discount Cents // off this line
}

func (i item) gross() Cents { return i.price * Cents(i.quantity) }
func (i item) net() Cents   { return i.gross() - i.discount }

type product struct {
	sku, id   string
	name, han string
	spec      string // of the Chinese shops
	category  string
	price     Cents
}

var products = []product{
	{"TEA-LJ-100", "672015548901", "Longjing Tea 100g", "明前龙井茶叶 100g罐装", "100g;罐装", "Tea", 12800},
	{"TEA-TGY-250", "672015548902", "Tieguanyin Tea, 250 g", "安溪铁观音，浓香型 250g", "250g;袋装", "Tea", 8850},
	{"POT-12", "672015548903", "Cast-iron Teapot 12\" Black", "铸铁茶壶 1.2L", "黑色;1.2L", "Teaware", 25900},
	{"CUP-SET", "672015548904", "Set of 4 Cups", "青瓷品茗杯 4只装", "青色;4只", "Teaware", 4999},
	{"GAIWAN", "672015548905", "Gaiwan, white porcelain", "白瓷盖碗 三才碗", "白色", "Teaware", 3600},
	{"SNK-MC", "672015548906", "Mooncakes (box of 8)", "流心月饼礼盒（8枚）", "礼盒装", "Snacks", 9900},
	{"SNK-NUT", "672015548907", "Roasted Nuts", "每日坚果 30包", "750g", "Snacks", 7450},
	{"HOME-CNDL", "672015548908", "Candle \"Bamboo\"", "竹香香薰蜡烛", "竹香", "Home", 2100},
	{"HOME-MAT", "672015548909", "Tea Mat", "茶席 棉麻桌旗", "30x180cm", "Home", 1595},
	{"GIFT-CARD", "672015548910", "Gift Wrap", "礼品包装袋", "大号", "Home", 350},
}

func (o *order) goods() Cents {
	sum := -o.discount
	for _, i := range o.items {
		sum += i.net()
	}
	return sum
}

// subtotal is before discounts.
func (o *order) subtotal() Cents {
	var sum Cents
	for _, i := range o.items {
		sum += i.gross()
	}
	return sum
}

func (o *order) discounts() Cents { return o.subtotal() - o.goods() }

func (o *order) pieces() int {
	n := 0
	for _, i := range o.items {
		n += i.quantity
	}
	return n
}

func (o *order) total() Cents { return o.goods() + o.shipping + o.tax }

// Orders are of the seventeen months from January 2024: far enough back that
// none lies ahead of whoever loads them.
var firstDay = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

const days = 510

// order draws an order of a person, with one to three lines.
func (g *generator) order(n, of int, who *person, o outcome) *order {
	at := firstDay.AddDate(0, 0, n*days/of).Add(time.Duration(7*3600+g.IntN(15*3600)) * time.Second)
	w := &order{n: n, at: at, who: who, outcome: o}
	first := g.IntN(len(products))
	for i := range 1 + n%3 {
		w.items = append(w.items, item{product: &products[(first+i*3)%len(products)], quantity: 1 + g.IntN(3)})
	}
	return w
}

// part is about a third of an amount, in tenths.
func part(c Cents) Cents { return max(c/30*10, 10) }

// pattern spreads outcomes over the numbers of orders.
func pattern(n int, of ...outcome) outcome { return of[n%len(of)] }

// count adds an order to the truth of its file. goods is its net.
func (d *document) count(o *order, goods Cents, status string) {
	d.Orders++
	d.Statuses[status]++
	if !o.outcome.counted() {
		return
	}
	d.Counted++
	d.Net += goods
	back := o.back
	if o.outcome == cancelledDay || o.outcome == returnedNoSum {
		back = goods
	}
	if back > 0 {
		d.Refunds++
		d.Refunded += back
		d.RefundedGoods += min(back, goods)
	}
}

const (
	dateTime = "2006-01-02 15:04:05"
	minute   = "2006-01-02 15:04"
)

// digits writes a number of n digits that begins with those of from.
func digits(from string, n, number int) string {
	return fmt.Sprintf("%s%0*d", from, n-len(from), number)
}
