package demo

// place is a city that customers live in.
type place struct {
	country, region, city string
	postcode              string // # stands for any digit
	weight                float64
	roads                 []string
}

var chineseRoads = []string{"人民路", "中山路", "解放路", "建设路", "文化路", "和平路", "新华街", "学院路", "滨江大道", "长江路", "青年路", "复兴路"}
var foreignRoads = []string{"High Street", "Park Road", "Station Road", "Church Lane", "Victoria Street", "Mill Lane", "Queen Street", "Garden Avenue"}

var places = []place{
	{"CN", "上海市", "上海市", "2000##", 10, chineseRoads}, {"CN", "北京市", "北京市", "1000##", 9, chineseRoads},
	{"CN", "浙江省", "杭州市", "3100##", 8, chineseRoads}, {"CN", "广东省", "广州市", "5100##", 7, chineseRoads},
	{"CN", "广东省", "深圳市", "5180##", 7, chineseRoads}, {"CN", "四川省", "成都市", "6100##", 6, chineseRoads},
	{"CN", "江苏省", "苏州市", "2150##", 5, chineseRoads}, {"CN", "江苏省", "南京市", "2100##", 4.5, chineseRoads},
	{"CN", "湖北省", "武汉市", "4300##", 4.5, chineseRoads}, {"CN", "重庆市", "重庆市", "4000##", 4, chineseRoads},
	{"CN", "福建省", "厦门市", "3610##", 3.5, chineseRoads}, {"CN", "福建省", "福州市", "3500##", 3, chineseRoads},
	{"CN", "浙江省", "宁波市", "3150##", 3, chineseRoads}, {"CN", "山东省", "青岛市", "2660##", 2.5, chineseRoads},
	{"CN", "山东省", "济南市", "2500##", 2, chineseRoads}, {"CN", "湖南省", "长沙市", "4100##", 2.5, chineseRoads},
	{"CN", "陕西省", "西安市", "7100##", 2.5, chineseRoads}, {"CN", "河南省", "郑州市", "4500##", 2, chineseRoads},
	{"CN", "天津市", "天津市", "3000##", 2, chineseRoads}, {"CN", "云南省", "昆明市", "6500##", 1.5, chineseRoads},
	{"CN", "辽宁省", "大连市", "1160##", 1.5, chineseRoads}, {"CN", "安徽省", "合肥市", "2300##", 1.5, chineseRoads},
	{"HK", "香港", "Hong Kong", "", 1.6, foreignRoads}, {"SG", "Singapore", "Singapore", "0485##", 1.2, foreignRoads},
	{"MY", "Selangor", "Kuala Lumpur", "505##", .7, foreignRoads}, {"GB", "England", "London", "", 1, foreignRoads},
	{"US", "California", "San Francisco", "941##", .9, foreignRoads}, {"US", "New York", "New York", "100##", .7, foreignRoads},
	{"AU", "New South Wales", "Sydney", "20##", .6, foreignRoads}, {"DE", "Berlin", "Berlin", "101##", .5, foreignRoads},
	{"CA", "British Columbia", "Vancouver", "", .5, foreignRoads},
}

// Surnames in order of how common they are, with their pinyin for addresses.
var surnames = [...][2]string{
	{"王", "wang"}, {"李", "li"}, {"张", "zhang"}, {"刘", "liu"}, {"陈", "chen"}, {"杨", "yang"}, {"黄", "huang"}, {"赵", "zhao"},
	{"吴", "wu"}, {"周", "zhou"}, {"徐", "xu"}, {"孙", "sun"}, {"马", "ma"}, {"朱", "zhu"}, {"胡", "hu"}, {"郭", "guo"}, {"何", "he"},
	{"林", "lin"}, {"高", "gao"}, {"罗", "luo"}, {"郑", "zheng"}, {"梁", "liang"}, {"谢", "xie"}, {"宋", "song"}, {"唐", "tang"},
	{"许", "xu"}, {"韩", "han"}, {"邓", "deng"}, {"冯", "feng"}, {"曹", "cao"}, {"彭", "peng"}, {"曾", "zeng"}, {"肖", "xiao"},
	{"田", "tian"}, {"董", "dong"}, {"潘", "pan"}, {"袁", "yuan"}, {"蔡", "cai"}, {"蒋", "jiang"}, {"余", "yu"}, {"于", "yu"},
	{"杜", "du"}, {"叶", "ye"}, {"程", "cheng"}, {"魏", "wei"}, {"苏", "su"}, {"吕", "lv"}, {"丁", "ding"}, {"沈", "shen"}, {"任", "ren"},
	{"欧阳", "ouyang"}, {"上官", "shangguan"},
}

type given struct{ zh, pinyin string }

var women = []given{
	{"芳", "fang"}, {"娜", "na"}, {"静", "jing"}, {"丽", "li"}, {"敏", "min"}, {"婷", "ting"}, {"雪", "xue"}, {"梅", "mei"},
	{"秀英", "xiuying"}, {"欣怡", "xinyi"}, {"梓涵", "zihan"}, {"雨桐", "yutong"}, {"诗涵", "shihan"}, {"晓燕", "xiaoyan"},
	{"雅琴", "yaqin"}, {"佳怡", "jiayi"}, {"思琪", "siqi"}, {"慧敏", "huimin"}, {"海燕", "haiyan"}, {"玉兰", "yulan"},
	{"若曦", "ruoxi"}, {"语嫣", "yuyan"}, {"明月", "mingyue"}, {"春梅", "chunmei"}, {"倩", "qian"}, {"颖", "ying"}, {"琳", "lin"}, {"悦", "yue"},
}

var men = []given{
	{"伟", "wei"}, {"强", "qiang"}, {"磊", "lei"}, {"军", "jun"}, {"勇", "yong"}, {"杰", "jie"}, {"涛", "tao"}, {"超", "chao"},
	{"建国", "jianguo"}, {"志强", "zhiqiang"}, {"浩然", "haoran"}, {"子轩", "zixuan"}, {"宇航", "yuhang"}, {"俊杰", "junjie"},
	{"明哲", "mingzhe"}, {"文博", "wenbo"}, {"思远", "siyuan"}, {"家豪", "jiahao"}, {"国栋", "guodong"}, {"天佑", "tianyou"},
	{"晨阳", "chenyang"}, {"海涛", "haitao"}, {"永强", "yongqiang"}, {"一鸣", "yiming"}, {"鹏", "peng"}, {"斌", "bin"}, {"凯", "kai"}, {"翔", "xiang"},
}

var womenAbroad = []string{"Emma", "Olivia", "Sophie", "Charlotte", "Grace", "Hannah", "Lucy", "Mei Ling", "Siti", "Anna", "Laura", "Julia", "Chloe", "Rachel", "Priya", "Megan"}
var menAbroad = []string{"James", "Oliver", "Daniel", "Thomas", "Lukas", "Henry", "Jack", "Wei Ming", "Arjun", "David", "Michael", "Ethan", "Simon", "Peter", "Kevin", "Adam"}
var lastAbroad = []string{"Smith", "Tan", "Lim", "Wong", "Brown", "Taylor", "Lee", "Chan", "Walker", "Schmidt", "Müller", "Johnson", "Martin", "Cheung", "Ng", "O'Brien", "Wilson", "Clark", "Patel", "Nguyen"}

// Mail hosts end in .example, which RFC 2606 keeps free of real people.
var mailHosts = []string{"qq.example", "163.example", "126.example", "foxmail.example", "mail.example", "outlook.example"}

var acquisition = []string{"搜索广告", "微信", "小红书", "朋友推荐", "门店", "抖音", "自然流量", "Instagram"}

// traits are what about a person matters to the rest of the shop.
type traits struct {
	place        int
	abroad       bool
	female       bool
	unknown      bool // gender not told
	age          int  // years at the end of the period
	channel      channel
	favourite    int // family of products
	emailConsent bool
	smsConsent   bool
	hasEmail     bool
	hasPhone     bool
	prospect     bool // registered, never bought
}

// traits draws a customer's; the stream returned goes on with names and numbers.
func (w *world) traits(i uint32) (traits, stream) {
	st := keyed(w.seed, tagPerson, uint64(i))
	var t traits
	t.prospect = st.chance(w.prospects)
	t.place = st.pick(w.placeShare)
	t.abroad = places[t.place].country != "CN"
	t.female = st.chance(0.61)
	t.unknown = st.chance(0.07)
	t.age = 18 + int(12*st.gamma(2.1))
	if t.age > 84 {
		t.age = 30 + st.intn(30)
	}
	if t.channel = channel(st.pick(channelShare)); t.abroad && t.channel == pos {
		t.channel = web
	}
	t.favourite = st.pick(w.goods.share)
	t.hasEmail = t.abroad || st.chance(0.72)
	t.hasPhone = st.chance(0.95)
	t.emailConsent = t.hasEmail && st.chance(0.66)
	t.smsConsent = t.hasPhone && st.chance(0.58)
	return t, st
}

// start is when a customer appeared, in days since the period's first: their
// numbers rise with it, as those of a real shop do.
func (w *world) start(i uint32) float64 {
	st := keyed(w.seed, tagProcess, uint64(i))
	share := (float64(i) + st.float()) / float64(w.opt.Customers)
	if w.opt.Plain {
		return share * float64(w.cal.days)
	}
	// Arrivals grow by a third over the period.
	share = share * (1.15 - 0.15*share)
	return w.cal.unwarp(min(share, 1-1e-12) * float64(w.cal.days))
}

// appendID writes a customer's number: C0001234.
func appendID(b []byte, i uint32) []byte { return appendPadded(append(b, 'C'), uint64(i)+1, 7) }

func appendPadded(b []byte, n uint64, width int) []byte {
	var d [20]byte
	k := len(d)
	for n > 0 || width > 0 {
		k--
		d[k] = '0' + byte(n%10)
		n /= 10
		width--
	}
	return append(b, d[k:]...)
}

func pickOne[T any](st *stream, from []T) T { return from[st.intn(len(from))] }

// common picks an early entry more often than a late one.
func common(st *stream, n int) int { return int(float64(n) * st.float() * st.float()) }

// name writes a person's name and returns its two parts, in its order, as an
// e-mail address has them.
func (t *traits) name(b []byte, st *stream) ([]byte, string, string) {
	if t.abroad && st.chance(0.7) {
		first := pickOne(st, menAbroad)
		if t.female {
			first = pickOne(st, womenAbroad)
		}
		last := pickOne(st, lastAbroad)
		b = append(append(append(b, first...), ' '), last...)
		return b, plainLetters[first], plainLetters[last]
	}
	last := surnames[common(st, len(surnames))]
	first := pickOne(st, men)
	if t.female {
		first = pickOne(st, women)
	}
	b = append(append(b, last[0]...), first.zh...)
	return b, last[1], first.pinyin
}

// plainLetters are the foreign names as addresses have them.
var plainLetters = lettersOf(womenAbroad, menAbroad, lastAbroad)

func lettersOf(lists ...[]string) map[string]string {
	m := map[string]string{}
	for _, list := range lists {
		for _, s := range list {
			var b []byte
			for _, r := range s {
				switch {
				case r >= 'A' && r <= 'Z':
					b = append(b, byte(r)+'a'-'A')
				case r >= 'a' && r <= 'z':
					b = append(b, byte(r))
				case r == 'ü':
					b = append(b, "ue"...)
				}
			}
			m[s] = string(b)
		}
	}
	return m
}

// appendEmail writes an address that nobody else has: number is the person's own.
func appendEmail(b []byte, st *stream, one, two string, number uint64) []byte {
	b = append(b, one...)
	if st.chance(0.5) {
		b = append(b, '.')
	}
	b = append(b, two...)
	b = appendPadded(b, number, 1)
	b = append(b, '@')
	return append(b, pickOne(st, mailHosts)...)
}

// Ranges of mobile numbers. Members and guests share none, so no guest has a
// member's number by chance.
var memberRanges = []string{"135", "136", "137", "138", "139", "150", "151", "152", "158", "159", "182", "187", "188"}

const guestRange = "16"

// appendPhone writes a Chinese mobile number, of which 10^8 people per range have
// one each: the numbers run through 0 .. 10^8-1 in a scattered order.
func appendPhone(b []byte, prefix string, number uint64) []byte {
	b = append(b, prefix...)
	return appendPadded(b, (number*61_803_399+27_182_818)%100_000_000, 8)
}
