package demo

import (
	"fmt"
	"slices"
)

// product is one article of the shop. Money is in cents.
type product struct {
	sku      string
	zh, en   string
	category int
	brand    string
	price    int64
	cost     int64
}

type family struct {
	zh, en string
	code   string
	goods  [5]good // each in five packings
	packs  [5]pack
}

type good struct {
	zh, en string
	price  float64 // yuan, of the packing with factor 1
	brand  string
}

type pack struct {
	zh, en string
	factor float64
}

const (
	houseBrand   = "茗山"
	kilnBrand    = "青窑"
	pantryBrand  = "山味集"
	dwellerBrand = "素居"
)

var teaPacks = [5]pack{
	{"随行装 20克", "pouch 20 g", 0.3}, {"袋装 50克", "bag 50 g", 0.62}, {"罐装 100克", "tin 100 g", 1},
	{"罐装 250克", "tin 250 g", 2.2}, {"礼盒 300克", "gift box 300 g", 3.2},
}

// families are the eight categories of 茗山 Mingshan, a shop that does not exist.
var families = [8]family{
	{"绿茶", "Green tea", "GRN", [5]good{
		{"西湖龙井", "West Lake Longjing", 128, houseBrand}, {"碧螺春", "Biluochun", 108, houseBrand},
		{"黄山毛峰", "Huangshan Maofeng", 88, houseBrand}, {"信阳毛尖", "Xinyang Maojian", 78, houseBrand},
		{"安吉白茶", "Anji Baicha", 118, houseBrand}}, teaPacks},
	{"红茶", "Black tea", "BLK", [5]good{
		{"正山小种", "Lapsang Souchong", 86, houseBrand}, {"金骏眉", "Jin Jun Mei", 138, houseBrand},
		{"祁门红茶", "Keemun", 76, houseBrand}, {"滇红金芽", "Yunnan Golden Buds", 68, houseBrand},
		{"英德红茶", "Yingde Black", 58, houseBrand}}, teaPacks},
	{"乌龙茶", "Oolong", "OOL", [5]good{
		{"安溪铁观音", "Anxi Tieguanyin", 72, houseBrand}, {"武夷大红袍", "Wuyi Da Hong Pao", 118, houseBrand},
		{"凤凰单丛", "Phoenix Dancong", 108, houseBrand}, {"冻顶乌龙", "Dong Ding Oolong", 92, houseBrand},
		{"桂花乌龙", "Osmanthus Oolong", 56, houseBrand}}, teaPacks},
	{"普洱与白茶", "Pu'er and white tea", "PUW", [5]good{
		{"勐海熟普", "Menghai Ripe Pu'er", 68, houseBrand}, {"古树生普", "Old-Tree Raw Pu'er", 128, houseBrand},
		{"小青柑", "Tangerine Pu'er", 78, houseBrand}, {"福鼎白牡丹", "Fuding White Peony", 88, houseBrand},
		{"老寿眉", "Aged Shou Mei", 64, houseBrand}},
		[5]pack{{"尝鲜 15克", "taster 15 g", 0.25}, {"散装 50克", "loose 50 g", 0.6}, {"罐装 100克", "tin 100 g", 1},
			{"饼茶 200克", "cake 200 g", 1.7}, {"饼茶 357克", "cake 357 g", 2.7}}},
	{"花草茶", "Herbal and scented", "HRB", [5]good{
		{"茉莉龙珠", "Jasmine Pearls", 58, houseBrand}, {"菊花枸杞茶", "Chrysanthemum and Goji", 32, houseBrand},
		{"玫瑰荷叶茶", "Rose and Lotus Leaf", 36, houseBrand}, {"陈皮山楂茶", "Tangerine Peel and Hawthorn", 34, houseBrand},
		{"桑叶薄荷茶", "Mulberry and Mint", 29, houseBrand}},
		[5]pack{{"体验装 3包", "trial 3 bags", 0.25}, {"盒装 10包", "box of 10 bags", 0.7}, {"盒装 20包", "box of 20 bags", 1.2},
			{"家庭装 50包", "family box 50 bags", 2.4}, {"花礼盒 30包", "flower gift box 30 bags", 2.2}}},
	{"茶具", "Teaware", "WAR", [5]good{
		{"青瓷", "Celadon", 118, kilnBrand}, {"紫砂", "Zisha Clay", 198, kilnBrand}, {"白瓷", "White Porcelain", 78, kilnBrand},
		{"玻璃", "Glass", 58, kilnBrand}, {"粗陶", "Stoneware", 88, kilnBrand}},
		[5]pack{{"品茗杯", "tasting cup", 0.25}, {"公道杯", "fairness pitcher", 0.55}, {"盖碗", "gaiwan", 0.8},
			{"茶壶", "teapot", 1.5}, {"旅行茶具套装", "travel tea set", 2.4}}},
	{"茶点", "Snacks", "SNK", [5]good{
		{"绿豆糕", "Mung Bean Cake", 28, pantryBrand}, {"桂花酥", "Osmanthus Shortbread", 32, pantryBrand},
		{"核桃红枣", "Walnut Dates", 42, pantryBrand}, {"手工凤梨酥", "Pineapple Cake", 38, pantryBrand},
		{"海苔花生", "Seaweed Peanuts", 22, pantryBrand}},
		[5]pack{{"单枚装", "single piece", 0.2}, {"小袋", "small bag", 0.45}, {"盒装", "box", 1},
			{"双拼盒", "double box", 1.8}, {"节日礼盒", "festival gift box", 3.4}}},
	{"家居", "Home", "HOM", [5]good{
		{"亚麻", "Linen", 68, dwellerBrand}, {"竹编", "Woven Bamboo", 78, dwellerBrand}, {"胡桃木", "Walnut Wood", 98, dwellerBrand},
		{"棉麻刺绣", "Embroidered Cotton", 88, dwellerBrand}, {"藤艺", "Rattan", 84, dwellerBrand}},
		[5]pack{{"杯垫", "coaster", 0.22}, {"茶巾", "tea towel", 0.45}, {"茶盘", "tea tray", 1.6},
			{"收纳篮", "storage basket", 1.1}, {"桌旗", "table runner", 1.3}}},
}

// unmade are packings of a good that make no sense, by what they would be called.
var unmade = map[string][2]string{
	"竹编茶巾":   {"竹纤维茶巾", "Bamboo Fibre tea towel"},
	"胡桃木茶巾":  {"胡桃木茶匙", "Walnut Wood tea scoop"},
	"藤艺茶巾":   {"藤艺杯套", "Rattan cup sleeve"},
	"亚麻茶盘":   {"亚麻茶席", "Linen tea mat"},
	"棉麻刺绣茶盘": {"棉麻刺绣茶席", "Embroidered Cotton tea mat"},
	"胡桃木桌旗":  {"胡桃木果盘", "Walnut Wood fruit tray"},
	"竹编桌旗":   {"竹编灯罩", "Woven Bamboo lampshade"},
	"藤艺桌旗":   {"藤艺灯罩", "Rattan lampshade"},
}

// catalogue is the 200 products, and each family's in order of price.
type catalogue struct {
	products []product
	byPrice  [8][]int32
	share    []float64 // cumulative share of demand of each family
}

func newCatalogue(seed uint64) *catalogue {
	c := &catalogue{share: []float64{.20, .35, .48, .59, .71, .80, .93, 1}}
	for f, fam := range families {
		for g, goods := range fam.goods {
			for p, pk := range fam.packs {
				st := keyed(seed, tagProduct, uint64(f*100+g*10+p))
				price := charm(goods.price * pk.factor)
				zh, en := goods.zh+" "+pk.zh, goods.en+" "+pk.en
				if fam.code == "WAR" || fam.code == "HOM" {
					zh = goods.zh + pk.zh
				}
				if other, odd := unmade[zh]; odd {
					zh, en = other[0], other[1]
				}
				c.byPrice[f] = append(c.byPrice[f], int32(len(c.products)))
				c.products = append(c.products, product{
					sku: fmt.Sprintf("MS-%s-%d%02d", fam.code, g+1, p*5+1), zh: zh, en: en, category: f, brand: goods.brand,
					price: price, cost: price * int64(34+st.intn(22)) / 100 / 10 * 10,
				})
			}
		}
		slices.SortStableFunc(c.byPrice[f], func(a, b int32) int {
			return int(c.products[a].price - c.products[b].price)
		})
	}
	return c
}

// charm rounds yuan to a price as shops write it, in cents: 9.90, 39.90, 128.00.
func charm(yuan float64) int64 {
	switch {
	case yuan < 100:
		return max(int64(yuan/10+0.5), 1)*1000 - 10
	default:
		return (max(int64(yuan/10+0.5), 11)*10 - 2) * 100
	}
}

// line is one row of a basket; net is what the customer pays for it.
type line struct {
	product  int32
	quantity int32
	discount int64
	net      int64
}

const maxLines = 5

// basket fills lines with one to five products whose nets sum to amount exactly
// and returns how many. Quantities are raised until the list price reaches the
// amount; the rest is discount, spread by list price as coupons are.
func (c *catalogue) basket(st *stream, favourite int, amount int64, lines *[maxLines]line) int {
	n := 1
	for n < maxLines && amount > int64(n)*3500 && st.chance(0.48) {
		n++
	}
	gross, left, made := int64(0), amount, 0
	for i := 0; i < n && left > 0; i++ {
		family := favourite
		if !st.chance(0.45) {
			family = st.pick(c.share)
		}
		budget := left / int64(n-i)
		if i < n-1 {
			budget = int64(float64(budget) * (0.6 + 0.8*st.float()))
		}
		p := c.affordable(st, family, budget)
		price := c.products[p].price
		quantity := max(1, min(budget/price, 20))
		if i == n-1 {
			p, quantity = c.closest(st, family, p, left)
			price = c.products[p].price
		}
		if j := find(lines[:made], p); j >= 0 {
			lines[j].quantity += int32(quantity)
		} else {
			lines[made] = line{product: p, quantity: int32(quantity)}
			made++
		}
		gross += price * quantity
		left -= price * quantity
	}
	c.spread(lines[:made], gross, amount)
	return made
}

func find(lines []line, p int32) int {
	for i := range lines {
		if lines[i].product == p {
			return i
		}
	}
	return -1
}

// affordable picks a product that the budget buys once to four times.
func (c *catalogue) affordable(st *stream, family int, budget int64) int32 {
	goods := c.byPrice[family]
	low, high := 0, 0
	for high < len(goods) && c.products[goods[high]].price <= budget {
		if c.products[goods[high]].price*4 < budget {
			low++
		}
		high++
	}
	switch {
	case high == 0:
		return goods[0]
	case low >= high:
		return goods[high-1]
	}
	return goods[low+st.intn(high-low)]
}

// closest picks the last line: of a few products the one whose list price comes
// down to the amount with the least discount.
func (c *catalogue) closest(st *stream, family int, first int32, left int64) (int32, int64) {
	best, quantity, over := first, int64(0), int64(0)
	for try := range 5 {
		p := first
		if try > 0 {
			p = c.affordable(st, family, left)
		}
		price := c.products[p].price
		n := (left + price - 1) / price
		if quantity == 0 || n*price-left < over {
			best, quantity, over = p, n, n*price-left
		}
	}
	return best, quantity
}

// spread gives each line its part of gross - amount.
func (c *catalogue) spread(lines []line, gross, amount int64) {
	off := gross - amount
	for i := range lines {
		l := &lines[i]
		list := c.products[l.product].price * int64(l.quantity)
		l.discount = 0
		if gross > 0 {
			l.discount = off * list / gross
		}
		off -= l.discount
		gross -= list
		l.net = list - l.discount
	}
}
