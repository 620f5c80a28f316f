package demo

import "strings"

// What people say to a shop. A text is an opening, a matter and an ending; {p}
// stands for a product. The sentences are this project's own.

// matter is one thing to say, and of which goods it makes sense.
type matter struct {
	of     uint8
	zh, en string
}

const (
	tea uint8 = 1 << iota
	snack
	ware
	food  = tea | snack
	goods = tea | snack | ware
)

// goodsOf is what the product families are.
var goodsOf = [8]uint8{tea, tea, tea, tea, tea, ware, snack, ware}

// topic needs a matter for every kind of goods.
type topic struct {
	name    string
	matters []matter
}

// asked are questions without anger, grievances what people complain of.
var asked = []topic{
	{"delivery", []matter{
		{goods, "请问{p}大概什么时候能发货？", "When will the {p} be shipped?"},
		{goods, "订单显示已揽收两天没更新，麻烦查一下物流。", "The parcel has not moved for two days, could you check?"},
		{goods, "想改一下收货地址，还来得及吗？", "Can I still change the delivery address?"},
		{goods, "平时家里没人，能不能周末送货？", "Nobody is home during the week, could you deliver on Saturday?"},
		{goods, "{p}可以和上一单合并发货吗？", "Could the {p} go into one parcel with my last order?"}}},
	{"product", []matter{
		{tea, "{p}用多少度的水泡比较好？", "What water temperature do you recommend for the {p}?"},
		{tea, "请问{p}是今年的新茶吗？", "Is the {p} from this year's harvest?"},
		{food, "{p}开封以后怎么保存？", "How should I store the {p} once it is open?"},
		{snack, "{p}含糖量高吗，老人能吃吗？", "How much sugar is in the {p}, can older people eat it?"},
		{ware, "{p}可以放洗碗机吗？", "Is the {p} safe in the dishwasher?"},
		{ware, "{p}实物颜色和图片差别大吗？", "Does the {p} look the same as in the picture?"},
		{goods, "{p}适合送长辈吗，包装是什么样的？", "Would the {p} do as a gift for my parents, and how is it packed?"}}},
	{"invoice", []matter{
		{goods, "需要开一张公司抬头的发票。", "I need an invoice in the name of my company."},
		{goods, "电子发票没有收到，请重发一下。", "The e-invoice has not arrived, please send it again."},
		{goods, "发票抬头写错了，能重开吗？", "The name on the invoice is wrong, can it be corrected?"}}},
	{"return", []matter{
		{goods, "{p}买多了一份没拆封，可以退吗？", "I ordered one {p} too many, unopened, may I return it?"},
		{goods, "想把{p}换成另一个规格。", "I would like to exchange the {p} for another size."},
		{goods, "退货寄回去的运费谁承担？", "Who pays the postage when I send it back?"}}},
	{"membership", []matter{
		{goods, "会员积分什么时候到账？", "When will my points be credited?"},
		{goods, "生日券怎么没有收到？", "I did not get my birthday coupon, what happened?"},
		{goods, "积分能不能换{p}？", "Can I use my points for the {p}?"}}},
}

var grievances = []topic{
	{"damaged", []matter{
		{food, "收到的{p}盒子压扁了，里面也碎了", "The {p} arrived crushed and broken"},
		{tea, "{p}的罐子瘪了一块，没法送人", "The tin of the {p} is dented, I cannot give it to anyone"},
		{ware, "{p}到手就有裂纹，包装太薄", "The {p} has a crack, the packaging is far too thin"},
		{ware, "{p}边角磕坏了，跟图片完全两样", "A corner of the {p} is knocked off, nothing like the picture"}}},
	{"late delivery", []matter{
		{goods, "说好三天到，{p}等了九天才收到", "You promised three days, the {p} took nine"},
		{goods, "催了两次都没人处理，节都过完了{p}才到", "I asked twice and the {p} still came after the holiday"},
		{goods, "物流停了一个星期，客服一直让等", "The parcel stood still for a week and I was only told to wait"}}},
	{"quality", []matter{
		{tea, "这次的{p}味道很淡，跟上次完全不一样", "This time the {p} tastes thin, nothing like the last one"},
		{tea, "{p}碎末太多，不值这个价", "Too much dust in the {p} for that price"},
		{tea, "{p}有股霉味，不敢喝", "The {p} smells musty, I do not dare to drink it"},
		{snack, "{p}太甜太干，感觉不新鲜", "The {p} is dry and much too sweet, it does not seem fresh"},
		{snack, "{p}保质期只剩两周了才发货", "The {p} was sent two weeks before its best-before date"},
		{ware, "{p}做工粗糙，毛边都没处理", "The {p} is badly made, the edges are not even finished"},
		{ware, "{p}用了一次就掉色", "The {p} lost its colour after one use"}}},
	{"wrong item", []matter{
		{goods, "下单的是{p}，发来的完全是另一款", "I ordered the {p} and got something else altogether"},
		{goods, "少发了一份{p}，要求补发没人回", "One {p} was missing and nobody answers"},
		{food, "规格发错了，{p}少了一半", "Wrong size sent, half as much {p} as I paid for"}}},
	{"service", []matter{
		{goods, "打了三次电话都没人接，{p}的问题拖了一周", "I called three times about the {p} and nobody answered"},
		{goods, "客服态度敷衍，{p}的事情一直没解决", "The answers I get about the {p} are copied and pasted"},
		{goods, "答应的{p}退款半个月没到账", "The refund for the {p} was promised two weeks ago"}}},
}

var praise = topic{"praise", []matter{
	{tea, "{p}香气很足，回甘也好", "The {p} is fragrant and leaves a sweet taste"},
	{tea, "客服耐心讲了{p}的泡法", "Your staff explained patiently how to brew the {p}"},
	{snack, "{p}新鲜不腻，配茶正好", "The {p} is fresh and not too sweet, just right with tea"},
	{ware, "{p}质感很好，摆在家里很好看", "The {p} feels solid and looks lovely at home"},
	{goods, "{p}包装用心，送朋友很有面子", "The {p} was beautifully packed, a lovely gift"},
	{food, "已经第三次回购{p}了", "My third order of the {p} already"},
	{goods, "物流快，{p}和描述的一样", "Quick delivery and the {p} is just as described"}}}

var neither = topic{"neutral", []matter{
	{goods, "{p}还可以，就是价格偏高", "The {p} is fine but rather dear"},
	{goods, "{p}中规中矩，没有特别惊喜", "The {p} is decent, nothing special"},
	{food, "味道可以，希望{p}多点活动", "Nice taste, I wish the {p} were on offer more often"},
	{goods, "包装可以再环保一点，{p}本身不错", "Less plastic please, the {p} itself is good"},
	{ware, "{p}比想象的小一点，能用", "The {p} is a bit smaller than I thought, but it does"}}}

// Openings and endings by tone: angry, asking, warm; then Chinese, English.
var openings = [3][2][]string{
	{{"太失望了，", "非常不满意，", "投诉：", "怎么回事，", "", ""}, {"Very disappointed. ", "I want to complain. ", "Honestly: ", "Not good enough. ", "", ""}},
	{{"你好，", "您好，", "在吗，", "麻烦问下，", ""}, {"Hello, ", "Hi there. ", "Good morning. ", "A quick question: ", ""}},
	{{"很满意，", "一如既往的好，", "推荐，", "谢谢店家，", "", ""}, {"Lovely. ", "Very happy. ", "As good as ever. ", "Thank you. ", "", ""}},
}

var endings = [3][2][]string{
	{{"，要求退款。", "，以后不会再买了。", "，请尽快处理！", "，希望给个说法。", "。"}, {". I want my money back.", ". I will not order again.", ". Please sort this out!", ". What are you going to do about it?", "."}},
	{{"谢谢。", "", "麻烦了。", "等你们回复。", "比较急。"}, {" Thanks.", "", " Thank you in advance.", " Looking forward to your answer.", " It is rather urgent."}},
	{{"，会继续支持。", "，下次还来！", "，已经推荐给同事。", "。", "，好评。"}, {". Will buy again.", ". See you next time!", ". I told my colleagues.", ".", ". Five stars."}},
}

// say writes one text in the customer's language and returns its topic.
func (w *world) say(b []byte, st *stream, kind touchKind, mood uint8, english bool, p *product) ([]byte, string) {
	tone, t := 1, &neither
	switch {
	case kind == complaint || kind == survey && mood <= 1:
		tone, t = 0, &grievances[st.intn(len(grievances))]
	case kind == survey && mood >= 3:
		tone, t = 2, &praise
	case kind != survey:
		t = &asked[st.intn(len(asked))]
	}
	m := t.pick(st, goodsOf[p.category])
	language, text, name := 0, m.zh, p.zh
	if english {
		language, text, name = 1, m.en, p.en
	}
	open, end := pickOne(st, openings[tone][language]), pickOne(st, endings[tone][language])
	if t == &neither {
		open, end = "", [2]string{"。", "."}[language]
	}
	b = append(b, open...)
	b = appendWith(b, text, name)
	return append(b, end...), t.name
}

func (t *topic) pick(st *stream, kind uint8) *matter {
	for {
		if m := &t.matters[st.intn(len(t.matters))]; m.of&kind != 0 {
			return m
		}
	}
}

// appendWith writes text with {p} replaced by a product's name without its size.
func appendWith(b []byte, text, product string) []byte {
	before, after, found := strings.Cut(text, "{p}")
	b = append(b, before...)
	if found {
		b = append(b, shortName(product)...)
	}
	return append(b, after...)
}

// shortName is what people call a food: the name without its packing, which
// follows a blank in Chinese and is one of a few words in English.
func shortName(name string) string {
	if name[0] >= 0x80 {
		short, _, _ := strings.Cut(name, " ")
		return short
	}
	for _, fam := range families {
		for _, pk := range fam.packs {
			if strings.ContainsAny(pk.en, "0123456789") || fam.code == "SNK" {
				if short, ok := strings.CutSuffix(name, " "+pk.en); ok {
					return short
				}
			}
		}
	}
	return name
}
