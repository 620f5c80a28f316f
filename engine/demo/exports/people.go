package exports

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// person is somebody who buys, subscribes or asks. Each has an e-mail address and
// a telephone number of their own; what a platform tells of them is less.
type person struct {
	n            int // place in the cast
	first, last  string
	han          string // Chinese name, "" abroad
	email        string
	phone        string // +8613812345678
	street, city string
	region, code string // province or state, and its short form
	postcode     string
	country, cc  string
	hanAddress   string // 浙江省 杭州市 西湖区 文三路12号
	nick         string // on Taobao
	jd           string // account of JD
	female       bool
	birthday     string // 1988-04-12
}

func (p *person) name() string { return p.first + " " + p.last }

// local is the number without its country code.
func (p *person) local() string { return strings.TrimPrefix(p.phone, "+86") }

// abroadPeople come first in the cast, then those in China.
const (
	abroadPeople  = 42
	chinesePeople = 58
)

type town struct {
	city, region, code, postcode, country, cc, dial string
}

var towns = []town{
	{"San Francisco", "California", "CA", "94103", "United States", "US", "+1415555"},
	{"New York", "New York", "NY", "10011", "United States", "US", "+1212555"},
	{"Seattle", "Washington", "WA", "98101", "United States", "US", "+1206555"},
	{"Austin", "Texas", "TX", "73301", "United States", "US", "+1512555"},
	{"London", "England", "ENG", "SW1A 1AA", "United Kingdom", "GB", "+442079460"},
	{"Berlin", "Berlin", "BE", "10115", "Germany", "DE", "+493023125"},
	{"Toronto", "Ontario", "ON", "M5V 2T6", "Canada", "CA", "+1416555"},
}

var hanTowns = []struct{ han, city, region, postcode string }{
	{"浙江省 杭州市 西湖区", "Hangzhou", "Zhejiang", "310012"},
	{"上海 上海市 浦东新区", "Shanghai", "Shanghai", "200120"},
	{"北京 北京市 朝阳区", "Beijing", "Beijing", "100020"},
	{"广东省 深圳市 南山区", "Shenzhen", "Guangdong", "518052"},
	{"四川省 成都市 武侯区", "Chengdu", "Sichuan", "610041"},
	{"江苏省 苏州市 姑苏区", "Suzhou", "Jiangsu", "215000"},
}

var (
	firstNames = []string{"Emma", "James", "Sophie", "Daniel", "Charlotte", "Thomas", "Grace", "Lukas", "Hannah", "Henry", "Lucy", "Jack", "Anna", "Arjun"}
	lastNames  = []string{"Smith", "Tan", "Brown", "O'Brien", "Walker", "Schmidt", "Müller", "Johnson", "Patel"}
	streets    = []string{"High Street", "Park Road", "Mill Lane", "Queen Street", "Market Street"}
	surnames   = [][2]string{{"王", "wang"}, {"李", "li"}, {"张", "zhang"}, {"刘", "liu"}, {"陈", "chen"}, {"杨", "yang"}, {"赵", "zhao"}, {"欧阳", "ouyang"}}
	givenNames = [][2]string{{"芳", "fang"}, {"伟", "wei"}, {"欣怡", "xinyi"}, {"浩然", "haoran"}, {"敏", "min"}, {"志强", "zhiqiang"}, {"雨桐", "yutong"}}
	hanRoads   = []string{"文三路", "人民路", "中山北路", "科技园南路", "长江路"}
)

// castOf makes the people, in an order that does not depend on the seed.
func castOf(seed uint64) []person {
	r := rand.New(rand.NewPCG(seed, 0x70656f706c65))
	base := r.IntN(1000)
	var all []person
	for n := range abroadPeople {
		t := towns[n%len(towns)]
		p := person{n: n, first: firstNames[n%len(firstNames)], last: lastNames[n%len(lastNames)], female: n%2 == 0,
			street: fmt.Sprintf("%d %s", 1+r.IntN(199), streets[r.IntN(len(streets))]), city: t.city, region: t.region, code: t.code,
			postcode: t.postcode, country: t.country, cc: t.cc}
		// The last digits of American and British numbers in films and here are
		// in the ranges that nobody has: 555 01xx, 7946 0xxx.
		tail := 12 - len(strings.TrimPrefix(t.dial, "+"))
		switch t.cc {
		case "US", "CA":
			p.phone = fmt.Sprintf("%s01%02d", t.dial, n)
		case "GB":
			p.phone = fmt.Sprintf("%s%03d", t.dial, 100+n)
		default:
			p.phone = fmt.Sprintf("%s%0*d", t.dial, tail, n)
		}
		p.email = fmt.Sprintf("%s.%s%d@%s", plain(p.first), plain(p.last), base+n, []string{"mail.example", "outlook.example", "post.example"}[n%3])
		all = append(all, p)
	}
	for i := range chinesePeople {
		n := abroadPeople + i
		s, g, t := surnames[i%len(surnames)], givenNames[i%len(givenNames)], hanTowns[i%len(hanTowns)]
		door := 1 + r.IntN(299)
		p := person{n: n, first: strings.ToUpper(g[1][:1]) + g[1][1:], last: strings.ToUpper(s[1][:1]) + s[1][1:], han: s[0] + g[0], female: i%2 == 0,
			street: fmt.Sprintf("%d Renmin Road", door), city: t.city, region: t.region, postcode: t.postcode, country: "China", cc: "CN",
			hanAddress: fmt.Sprintf("%s %s%d号", t.han, hanRoads[r.IntN(len(hanRoads))], door),
			phone:      fmt.Sprintf("+86%s%08d", []string{"138", "139", "150", "186", "199"}[i%5], 10_000_019*(i%9+1)+base*97+i),
			nick:       fmt.Sprintf("tb%d_%s", 7_000_000+base*1000+i*37, g[1]), jd: fmt.Sprintf("jd_%s%d", s[1], 40_000+base+i*13)}
		p.email = fmt.Sprintf("%s%s%d@%s", s[1], g[1], base+n, []string{"qq.example", "163.example"}[i%2])
		if i%7 == 3 {
			p.nick = "爱喝茶的" + p.han + fmt.Sprint(i)
		}
		all = append(all, p)
	}
	for n := range all {
		all[n].birthday = time.Date(1955+r.IntN(48), time.Month(1+r.IntN(12)), 1+r.IntN(28), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	return all
}

// plain is a name as addresses have it.
func plain(name string) string {
	return strings.NewReplacer("'", "", "ü", "ue").Replace(strings.ToLower(name))
}

// Masks, as platforms hide people: 186******05, 1******6198, 138****5678, 张*.
func maskSix(phone string) string  { return phone[:3] + "******" + phone[len(phone)-2:] }
func maskJD(phone string) string   { return phone[:1] + "******" + phone[len(phone)-4:] }
func maskFour(phone string) string { return phone[:3] + "****" + phone[len(phone)-4:] }

func maskName(name string) string {
	r := []rune(name)
	return string(r[:1]) + strings.Repeat("*", len(r)-1)
}

// Keys by which somebody is known.
func byEmail(p *person) string { return "email:" + p.email }
func byPhone(p *person) string { return "phone:" + p.phone }
