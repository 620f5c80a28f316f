package exports

import (
	"fmt"
	"time"
)

// taobaoSales are the orders of both Taobao exports.
func taobaoSales(g *generator) []*order {
	r := &generator{Rand: streamOf("taobao", g.seed), people: g.people}
	const orders = 130
	var all []*order
	for n := range orders {
		o := r.order(n, orders, &r.people[abroadPeople+n*9%50], pattern(n, completed, completed, shipped, completed, paid, completed, partlyBack, unpaid, completed, cancelled, refunded, completed, completed))
		if n%4 == 2 {
			o.items[0].discount = part(o.items[0].gross()) / 2
		}
		if n%3 == 0 {
			o.shipping = 800
		}
		switch o.outcome {
		case partlyBack:
			o.back = part(o.goods())
		case refunded:
			o.back = taobaoDue(o)
		}
		all = append(all, o)
	}
	return all
}

// taobaoVoucher is what the market place pays for the buyer.
func taobaoVoucher(o *order) Cents {
	if o.n%8 == 5 {
		return 300
	}
	return 0
}

// taobaoDue is what the buyer paid, postage included.
func taobaoDue(o *order) Cents { return o.goods() + o.shipping - taobaoVoucher(o) }

func taobaoStatus(o *order) string {
	comma := []string{",", "，"}[o.n%2]
	switch o.outcome {
	case shipped:
		return "卖家已发货" + comma + "等待买家确认"
	case paid:
		return "买家已付款" + comma + "等待卖家发货"
	case unpaid:
		return "等待买家付款"
	case cancelled:
		return "交易关闭"
	case refunded:
		return []string{"交易关闭", "退款成功"}[o.n%2]
	}
	return "交易成功"
}

func taobaoID(n int) string { return digits("21", 19, 100_000_190_000_007*(n+1)) }

// taobaoText is an id as exports keep spreadsheets from rounding it.
func taobaoText(n int, id string) string {
	switch n % 3 {
	case 0:
		return `="` + id + `"`
	case 1:
		return "'" + id
	}
	return id + "\t"
}

// taobaoWho says what an order tells of its buyer: the name on Taobao, which is
// their id, unless it is masked, and a number that often is.
func taobaoWho(o *order) (nick, mobile string, keys []string) {
	nick, mobile = o.who.nick, "'"+o.who.local()
	if o.n%19 == 7 {
		nick = maskName(nick[:3])
	} else {
		keys = append(keys, "taobao:"+nick)
	}
	if o.n%3 == 1 {
		mobile = "'" + maskFour(o.who.local())
	} else {
		keys = append(keys, byPhone(o.who))
	}
	return nick, mobile, keys
}

// taobaoOrders: 买家实际支付金额 has the postage in it (买家应付邮费) and is what is
// left after refunds, as 总金额 = 买家实际支付金额 + 退款金额 on paid rows of a public export
// of a Tmall shop shows. So the goods before refunds are 买家实际支付金额 +
// 退款金额 - 买家应付邮费. Some exports have the amount before refunds; there the sum
// is more than 总金额.
func taobaoOrders(g *generator) {
	d := g.file(Data, "ExportOrderList202506011030.csv", "CNY")
	s := g.sheet(g.optional()...)
	for _, o := range taobaoSales(g) {
		nick, mobile, keys := taobaoWho(o)
		s.add(taobaoRow(o, nick, mobile))
		d.known(keys...)
		d.count(o, o.goods()-taobaoVoucher(o), taobaoStatus(o))
	}
	plain := *s
	s.repeat(2)
	s.repeat(31)
	d.Duplicates = 2
	d.fill(s, dialect{encoding: gb18030, crlf: true})
	taobaoSpoilt(g, &plain)
}

// taobaoSpoilt is the same export after a spreadsheet has been through it: where two
// ids have become one, nobody knows which orders there are, so it is refused.
func taobaoSpoilt(g *generator, s *sheet) {
	d := g.file(Variants, "ExportOrderList202506011030_excel.csv", "CNY")
	d.Variant, d.Refused, d.Why = "ids turned into 1.23E+17", "were rounded by a spreadsheet", "id spoilt by a spreadsheet"
	bad := *s
	bad.rows = nil
	for _, o := range taobaoSales(g) {
		nick, mobile, keys := taobaoWho(o)
		row := taobaoRow(o, nick, mobile)
		if o.n%10 == 4 {
			row["订单编号"] = fmt.Sprintf("2.%05dE+18", o.n)
			d.Rejected++
		} else {
			d.known(keys...)
			d.count(o, o.goods()-taobaoVoucher(o), taobaoStatus(o))
		}
		bad.add(row)
	}
	d.fill(&bad, dialect{encoding: gb18030, crlf: true})
}

func taobaoRow(o *order, nick, mobile string) cells {
	voucher := taobaoVoucher(o)
	row := cells{"订单编号": taobaoText(o.n, taobaoID(o.n)), "买家会员名": nick, "买家支付宝账号": maskFour(o.who.local()),
		"买家应付货款": o.goods().String(), "买家应付邮费": o.shipping.String(), "买家支付积分": "0", "总金额": (o.goods() + o.shipping).String(), "返点积分": "0",
		"买家实际支付金额": "0.00", "买家实际支付积分": "0", "订单状态": taobaoStatus(o), "收货人姓名": maskName(o.who.han),
		"收货地址": o.who.hanAddress + "，3单元（放门口）", "运送方式": "快递", "联系电话": "'null", "联系手机": mobile, "订单创建时间": o.at.Format(dateTime),
		"宝贝标题": o.items[0].han, "宝贝种类": fmt.Sprint(len(o.items)), "订单备注": "'null", "宝贝总数量": fmt.Sprint(o.pieces()), "店铺Id": "0", "店铺名称": "茗山旗舰店",
		"订单关闭原因": "订单未关闭", "卖家服务费": "0", "买家服务费": "0元", "是否手机订单": "手机订单", "异常信息": "", "卡券抵扣(天猫卡券抵扣)": voucher.String(),
		"天猫卡券抵扣": voucher.String(), "积分抵扣": "0", "是否是O2O交易": "否", "退款金额": []string{"无退款申请", "没有申请退款", "0.00"}[o.n%3]}
	if o.n%11 == 3 {
		row["买家留言"] = "请用\"礼盒\"包装，\n附贺卡"
	}
	switch o.outcome {
	case unpaid:
		return row
	case cancelled:
		row["订单关闭原因"] = "买家未付款"
		return row
	case refunded:
		row["订单关闭原因"] = "退款"
	}
	row["订单付款时间"] = o.at.Add(3 * time.Minute).Format(dateTime)
	row["买家实际支付金额"] = (taobaoDue(o) - o.back).String()
	if o.outcome == partlyBack && o.n%26 == 6 { // an export with the amount before refunds
		row["买家实际支付金额"] = taobaoDue(o).String()
	}
	if o.back > 0 {
		row["退款金额"] = o.back.String()
	}
	if o.outcome == shipped || o.outcome == completed || o.outcome == partlyBack {
		row["物流单号"], row["物流公司"] = fmt.Sprintf("No:YT%013d", o.n*7919), "圆通速递"
	}
	if o.outcome == completed {
		row["确认收货时间"] = o.at.AddDate(0, 0, 9).Format(dateTime)
	}
	return row
}

// taobaoItems are the lines of the same orders: what a line costs after discounts
// is 买家应付货款.
func taobaoItems(g *generator) {
	s := g.sheet()
	d := g.file(Data, "ExportOrderDetailList202506011031.csv", "CNY")
	for _, o := range taobaoSales(g) {
		nick, _, _ := taobaoWho(o)
		for i, it := range o.items {
			row := cells{"子订单编号": taobaoText(o.n, taobaoID(o.n*10+i+5_000)), "主订单编号": taobaoText(o.n, taobaoID(o.n)), "商品标题": it.han, "商品价格": it.price.String(),
				"购买数量": fmt.Sprint(it.quantity), "外部系统编号": it.sku, "商品属性": "规格：" + it.spec, "订单状态": taobaoStatus(o), "商家编码": it.sku,
				"买家应付货款": it.net().String(), "买家实付金额": "0.00", "退款状态": "没有申请退款", "退款金额": "无退款申请", "订单创建时间": o.at.Format(dateTime),
				"商品ID": it.id, "买家会员名": nick, "买家会员ID": "", "店铺名称": "茗山旗舰店"}
			if o.outcome.counted() {
				row["订单付款时间"] = o.at.Add(3 * time.Minute).Format(dateTime)
				row["买家实付金额"], row["支付单号"] = it.net().String(), digits("20", 28, 7919*o.n)
			}
			switch {
			case o.outcome == refunded:
				row["退款状态"], row["退款金额"], row["买家实付金额"] = "退款成功", it.net().String(), "0.00"
			case o.outcome == partlyBack && i == 0:
				row["退款状态"], row["退款金额"] = "退款成功", o.back.String()
			case o.n%13 == 2:
				row["退款状态"] = "买家已经申请退款，等待卖家同意"
			}
			s.add(row)
			d.Lines++
			d.Net += it.net()
		}
		d.Orders++
		d.Statuses[taobaoStatus(o)]++
	}
	d.fill(s, dialect{encoding: gb18030, crlf: true})
}
