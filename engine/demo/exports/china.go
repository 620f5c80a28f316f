package exports

import (
	"fmt"
	"time"
)

// youzanOrders: 订单实付金额 is what the buyer paid, 运费 included, before refunds,
// which stand in 订单已退款金额; it is 应收订单金额 less 支付优惠合计. The goods are
// 订单实付金额 - 运费. Buyers are known by their number, unless it is masked.
func youzanOrders(g *generator) {
	const orders = 104
	s := g.sheet()
	d := g.file(Data, "youzan_orders_20250601.csv", "CNY")
	for n := range orders {
		o := g.order(n, orders, &g.people[abroadPeople+(n*7+2)%46], pattern(n, completed, completed, shipped, paid, completed, unpaid, partlyBack, completed, cancelled, refunded, completed, paid, completed))
		if n%4 == 3 {
			o.discount = part(o.subtotal()) / 2
		}
		if n%3 == 1 {
			o.shipping = 1000
		}
		bonus := Cents(0) // what the means of payment takes off
		if n%7 == 3 {
			bonus = 150
		}
		status, mobile := youzanStatus(o), o.who.local()
		keys := []string{byPhone(o.who)}
		if n%6 == 5 {
			mobile, keys = maskSix(mobile), nil
		}
		row := cells{"订单号": fmt.Sprintf("E%s%010d", o.at.Format("20060102150405"), 7919*n), "销售渠道": []string{"微信小程序", "门店"}[n%2], "归属店铺": "茗山茶舍（杭州店）",
			"订单类型": []string{"普通订单", "拼团订单"}[n%2], "订单状态": status, "推广方式": "自然流量", "订单来源": "微信", "订单创建时间": o.at.Format(dateTime), "付款方式": "微信支付",
			"商品金额合计": o.subtotal().String(), "运费": o.shipping.String(), "店铺优惠合计": o.discounts().String(), "应收订单金额": (o.goods() + o.shipping).String(),
			"订单实付金额": "0.00", "支付优惠合计": bonus.String(), "订单实收金额": "0.00", "订单抵用积分数": "0", "全部商品名称": names(o), "商品种类数": fmt.Sprint(len(o.items)),
			"订单配送方式": "快递发货", "收货人省份": firstWord(o.who.hanAddress), "收货人城市": o.who.city, "收货人地区": "西湖区", "详细收货地址/提货地址": o.who.hanAddress + "，请电联",
			"收货人/提货人": maskName(o.who.han), "收货人手机号/提货人手机号": maskSix(o.who.local()), "买家昵称": "茶友" + fmt.Sprint(n), "买家是否会员": []string{"是", "否"}[n%2],
			"买家手机号": mobile, "分销员": "李敏", "销售导购": "王芳", "订单退款状态": "", "订单已退款金额": "0.00", "团长订单": "否", "分销员#2": "赵伟", "分销员手机号": "186******05"}
		if n%9 == 4 {
			row["买家备注"], row["商家订单备注"] = "不要辣，\n\"少糖\"", "VIP客户，优先发货"
		}
		if o.outcome.counted() {
			due := o.goods() + o.shipping - bonus
			row["买家付款时间"], row["支付流水号"] = o.at.Add(2*time.Minute).Format(dateTime), digits("42000", 28, 7919*n)
			switch o.outcome {
			case refunded:
				o.back, row["订单退款状态"] = due, "退款成功（全额退款）"
			case partlyBack:
				o.back, row["订单退款状态"] = part(o.goods()), "退款成功（部分退款）"
			case shipped:
				row["订单退款状态"] = []string{"", "退款中"}[n/13%2]
			}
			row["订单实付金额"], row["订单实收金额"], row["订单已退款金额"] = due.String(), (due - o.back).String(), o.back.String()
		}
		if o.outcome == completed {
			row["交易成功时间"] = o.at.AddDate(0, 0, 8).Format(dateTime)
		}
		s.add(row)
		d.known(keys...)
		d.count(o, o.goods()-bonus, status)
	}
	d.fill(s, dialect{encoding: gb18030})
}

func youzanStatus(o *order) string {
	switch o.outcome {
	case shipped:
		return []string{"已发货", "部分发货"}[o.n/13%2]
	case paid:
		return []string{"待发货", "待成团", "待接单"}[o.n%3]
	case unpaid:
		return "待付款"
	case cancelled, refunded:
		return "交易关闭"
	}
	return "交易完成"
}

func names(o *order) string {
	text := ""
	for i, it := range o.items {
		if i > 0 {
			text += "；"
		}
		text += fmt.Sprintf("%s（%s） x%d", it.han, it.spec, it.quantity)
	}
	return text
}

func firstWord(s string) string {
	for i, r := range s {
		if r == ' ' {
			return s[:i]
		}
	}
	return s
}

// youzanCustomers are known by their number. Another shop's staff may not see all of
// them: who is masked cannot be told apart from others, and those rows are refused.
func youzanCustomers(g *generator) {
	d := g.file(Data, "youzan_customers_20250601.csv", "")
	s := youzanPeople(g, d, false)
	s.repeat(8)
	d.Duplicates = 1
	d.fill(s, dialect{encoding: utf8BOM})
	masked := g.file(Variants, "youzan_customers_20250602.csv", "")
	masked.Variant, masked.Why = "some numbers masked", "no customer id, e-mail address or telephone number"
	masked.fill(youzanPeople(g, masked, true), dialect{encoding: utf8BOM})
}

func youzanPeople(g *generator, d *document, masked bool) *sheet {
	s := g.sheet()
	for i := range 54 {
		p := &g.people[abroadPeople+i]
		mobile := p.local()
		if masked && i%9 == 5 {
			mobile = maskSix(mobile)
			d.Rejected++
		} else {
			d.known(byPhone(p))
		}
		since := firstDay.AddDate(0, 0, i*3).Add(10 * time.Hour)
		s.add(cells{"客户姓名": p.han, "客户昵称": "茶友" + fmt.Sprint(i), "客户手机号": mobile, "客户生日": p.birthday, "客户性别": []string{"男", "女", "未知"}[i%3], "标签": "老客,爱喝茶",
			"是否会员": []string{"是", "否"}[i%2], "成长值": fmt.Sprint(i * 12), "免费等级": "V1", "客户积分": fmt.Sprint(i * 30), "客户储值余额": "0.00", "消费次数": fmt.Sprint(i % 7),
			"消费金额": Cents(i * 9900).String(), "累计退款金额": "0.00", "累计退款订单数": "0", "笔单价": "99.00", "上次消费时间": since.AddDate(0, 4, 0).Format(dateTime),
			"分销员": "李敏", "企微好友": "否", "来源渠道": "微信小程序", "来源方式": "扫码", "成为客户时间": since.Format(dateTime), "成为会员时间": since.AddDate(0, 0, 2).Format(dateTime),
			"成为会员店铺": "茗山茶舍（杭州店）", "公众号": "已关注", "微信地域": "浙江，杭州", "所属区域": "华东", "指定时间消费次数": "0", "指定时间消费金额": "0.00"})
	}
	return s
}

// jdOrders has one row an item, and the amounts of the order on each of them.
// 订单金额 is before the shop's discounts, 结算金额 after them, both without 运费金额;
// 应付金额 is what was left to pay after 余额支付, with 运费金额. So 结算金额 is the goods.
// Buyers are known by their account; numbers and names are masked.
func jdOrders(g *generator) {
	const orders = 96
	s := g.sheet(g.optional()...)
	d := g.file(Data, "jd_orders_20250601.csv", "CNY")
	for n := range orders {
		o := g.order(n, orders, &g.people[abroadPeople+(n*7+1)%40], pattern(n, completed, completed, shipped, completed, paid, completed, unpaid, completed, cancelled, completed, completed))
		if n%4 == 1 {
			o.discount = part(o.subtotal()) / 2
		}
		if n%5 == 2 {
			o.shipping = 600
		}
		balance := Cents(0)
		if n%9 == 2 {
			balance = min(1000, o.goods())
		}
		status := jdStatus(o)
		for _, it := range o.items {
			row := cells{"订单号": digits("297", 12, 7_919_003*n), "商品ID": it.id[2:], "商品名称": it.han, "订购数量": fmt.Sprint(it.quantity), "支付方式": "在线支付",
				"下单时间": o.at.Format(dateTime), "京东价": it.price.String(), "订单金额": o.subtotal().String(), "结算金额": o.goods().String(), "余额支付": balance.String(),
				"应付金额": (o.goods() + o.shipping - balance).String(), "订单状态": status, "订单类型": "SOP", "下单帐号": o.who.jd, "客户姓名": maskName(o.who.han),
				"客户地址": o.who.hanAddress + "，工作日送", "联系电话": maskJD(o.who.local()), "发票类型": "电子发票", "发票抬头": "个人", "发票内容": "商品明细",
				"商家备注等级（等级1-5为由高到低）": "5", "运费金额": o.shipping.String(), "货号": it.sku, "订单来源": "APP订单", "订单渠道": "京东",
				"商家应收": o.goods().String() + "（系统计算中，该值仅供参考）"}
			if n%10 == 3 {
				row["订单备注"], row["商家备注"] = "送货前\"打电话\"，\n谢谢", "老客户"
			}
			if o.outcome.counted() {
				row["付款确认时间"] = o.at.Add(time.Minute).Format(dateTime)
			}
			if o.outcome == completed {
				row["订单完成时间"] = o.at.AddDate(0, 0, 6).Format(dateTime)
			}
			s.add(row)
			d.Lines++
		}
		d.known("jd:" + o.who.jd)
		d.count(o, o.goods(), status)
	}
	d.fill(s, dialect{encoding: gb18030, crlf: true})
}

func jdStatus(o *order) string {
	switch o.outcome {
	case shipped:
		return "等待确认收货"
	case paid:
		return "等待出库"
	case unpaid:
		return []string{"等待付款", "锁定", "暂停"}[o.n%3]
	case cancelled:
		return []string{"已取消", "(删除)等待出库", "取消"}[o.n%3]
	}
	return "完成"
}

// pinduoduoOrders: 用户实付金额 is what the buyer paid, 邮费 included, and
// 商家实收金额 that plus what the platform paid for them. The goods, as the customer
// pays for them, are 用户实付金额 - 邮费. Nobody is named. What was never paid has no
// 订单成交时间; its day stands in the order's number.
func pinduoduoOrders(g *generator) {
	const orders = 100
	s := g.sheet()
	d := g.file(Data, "orders_export_pdd_2025-06-01.csv", "CNY")
	for n := range orders {
		o := g.order(n, orders, nil, pattern(n, completed, completed, shipped, completed, paid, returnedNoSum, completed, unpaid, completed, cancelled, returnedNoSum))
		o.items = o.items[:1]
		if n%3 == 0 {
			o.discount = 200
		}
		if n%8 == 1 {
			o.shipping = 500
		}
		platform, bonus := Cents(0), Cents(0)
		if n%5 == 2 {
			platform = 100
		}
		if n%7 == 1 {
			bonus = 50
		}
		it, due := o.items[0], o.goods()+o.shipping-platform-bonus
		status, after := pinduoduoStatus(o)
		row := cells{"订单成交时间": o.at.Format(dateTime) + "\t", "商品": it.han, "订单号": fmt.Sprintf("%s-%015d\t", o.at.Format("060102"), 123_456_789_000*n+g.IntN(100_000)),
			"订单状态": status, "商品总价(元)": o.subtotal().String(), "邮费(元)": o.shipping.String(), "店铺优惠折扣(元)": o.discount.String(), "平台优惠折扣(元)": platform.String(),
			"多多支付立减金额(元)": bonus.String(), "用户实付金额(元)": due.String(), "商家实收金额(元)": (o.goods() + o.shipping).String(), "商品数量(件)": fmt.Sprint(it.quantity),
			"商品id": it.id + "\t", "商品规格": it.spec, "样式ID": digits("13", 13, 7919*n) + "\t", "商家编码-规格维度": it.sku, "商家编码-商品维度": it.sku, "售后状态": after}
		switch {
		case !o.outcome.counted():
			row["订单成交时间"] = ""
		case o.outcome != paid && status != "未发货，退款成功":
			row["发货时间"], row["快递单号"], row["快递公司"] = o.at.AddDate(0, 0, 1).Format(dateTime)+"\t", fmt.Sprintf("78%013d\t", 31*n), "中通快递"
		}
		if o.outcome == completed {
			row["确认收货时间"] = o.at.AddDate(0, 0, 6).Format(dateTime) + "\t"
		}
		if n%12 == 5 {
			row["商家备注"] = "补发\"杯子\"，\n已联系"
		}
		s.add(row)
		d.Lines++
		d.known()
		d.count(o, due-o.shipping, status)
	}
	d.fill(s, dialect{encoding: utf8BOM})
}

func pinduoduoStatus(o *order) (status, after string) {
	const none = "无售后或售后取消"
	switch o.outcome {
	case shipped:
		return "已发货，待签收", []string{none, "售后处理中"}[o.n%2]
	case paid:
		return "待发货", none
	case unpaid:
		return "待支付", none
	case cancelled:
		return "已取消", none
	case returnedNoSum:
		return []string{"未发货，退款成功", "已发货，退款成功", "已收货"}[o.n%3], "退款成功"
	}
	return []string{"已收货", "已签收"}[o.n%2], none
}

// douyinOrders has one row a part of an order (子订单), and the amounts of that
// part: 订单应付金额 is what the buyer pays for it, after the discounts of platform,
// shop and host, with the 运费 of the row. The goods are 订单应付金额 - 运费, added up
// over the rows of the 主订单. A part is given back when its 售后状态 says so. Nobody is
// named: the receiver is encrypted.
func douyinOrders(g *generator) {
	const orders = 100
	s := g.sheet()
	d := g.file(Data, "douyin_orders_20250601.csv", "CNY")
	for n := range orders {
		o := g.order(n, orders, &g.people[abroadPeople+n%50], pattern(n, completed, completed, shipped, completed, paid, returnedNoSum, completed, unpaid, partlyBack, completed, cancelled))
		if o.outcome == partlyBack && len(o.items) < 2 {
			o.outcome = completed
		}
		if n%6 == 1 {
			o.shipping = 600
		}
		for i := range o.items {
			if (n+i)%4 == 1 {
				o.items[i].discount = part(o.items[i].gross()) / 2
			}
		}
		status := douyinStatus(o)
		for i, it := range o.items {
			postage := Cents(0)
			if i == 0 {
				postage = o.shipping
			}
			platform := it.discount / 3
			row := cells{"主订单编号": "\t" + douyinID(n, 0), "子订单编号": "\t" + douyinID(n, i), "选购商品": "\t" + it.han, "商品规格": "\t" + it.spec, "商品数量": fmt.Sprint(it.quantity),
				"商家编码": "\t" + it.sku, "订单应付金额": (it.net() + postage).String(), "运费": postage.String(), "收件人": "##" + hidden(n, 40) + "##", "收件人手机号": "$$" + hidden(n+7, 24) + "$$",
				"详细地址": "##" + hidden(n+13, 60) + "##", "订单提交时间": o.at.Format(dateTime), "订单状态": status, "售后状态": []string{"-", ""}[n%2],
				"平台实际承担优惠金额": platform.String(), "商家实际承担优惠金额": (it.discount - platform).String(), "达人实际承担优惠金额": "0.00"}
			switch {
			case o.outcome == returnedNoSum, o.outcome == partlyBack && i == 0:
				row["售后状态"] = "退款成功"
				if o.outcome == partlyBack {
					o.back = it.net()
				}
			case n%11 == 2:
				row["售后状态"] = []string{"售后关闭", "退款中"}[n%2]
			}
			switch o.outcome {
			case cancelled:
				row["取消原因"] = "超时未支付，系统取消"
			case completed, partlyBack:
				row["订单完成时间"], row["发货时间"] = o.at.AddDate(0, 0, 9).Format(dateTime), o.at.AddDate(0, 0, 1).Format(dateTime)
			case shipped:
				row["发货时间"] = o.at.AddDate(0, 0, 1).Format(dateTime)
			}
			if n%13 == 6 {
				row["商家备注"] = "赠品\"茶针\"，\n勿漏"
			}
			s.add(row)
			d.Lines++
		}
		d.known()
		d.count(o, o.goods(), status)
	}
	d.fill(s, dialect{encoding: utf8BOM})
}

func douyinID(n, part int) string { return digits("69", 19, 17_926_768_823_643*(n+1)+part) }

func douyinStatus(o *order) string {
	switch o.outcome {
	case shipped:
		return []string{"已发货", "部分发货"}[o.n/11%2]
	case paid:
		return "备货中"
	case unpaid:
		return "待支付"
	case cancelled:
		return "已关闭"
	case returnedNoSum:
		return []string{"已关闭", "已完成"}[o.n%2]
	}
	return "已完成"
}

// hidden is text as encryption leaves it.
func hidden(n, length int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	b := make([]byte, length)
	for i := range b {
		n = (n*1103515245 + 12345) & 0x7fffffff
		b[i] = letters[n>>16&63]
	}
	return string(b)
}
