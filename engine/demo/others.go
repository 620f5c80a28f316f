package demo

import "fmt"

// contact is a member's name and addresses; the email and phone of a guest or
// an order are made by the same functions, so they agree.
type contact struct {
	name, email, phone []byte
}

// contactOf draws what is not in traits; st is the stream that traits returned.
func (w *world) contactOf(i uint32, t *traits, st *stream, c *contact) {
	name, one, two := t.name(c.name[:0], st)
	c.name = name
	c.email, c.phone = c.email[:0], c.phone[:0]
	if t.hasEmail {
		c.email = appendEmail(c.email, st, one, two, uint64(i))
	}
	if t.hasPhone && !t.abroad {
		c.phone = appendPhone(c.phone, pickOne(st, memberRanges), uint64(i))
	}
}

// guestEmail writes the address of guest g. Some write it in capitals one time
// and not the next; some are members who did not log in.
func (w *world) guestEmail(b []byte, g uint32, seq uint16) []byte {
	from := len(b)
	if i, is := w.memberOfGuest(g); is {
		t, st := w.traits(i)
		var c contact
		w.contactOf(i, &t, &st, &c)
		b = append(b, c.email...)
	} else {
		st := keyed(w.seed, tagGuest, uint64(g)).sub(1)
		last := surnames[common(&st, len(surnames))][1]
		first := pickOne(&st, women).pinyin
		b = appendEmail(b, &st, first, last, uint64(w.opt.Customers)+uint64(g))
	}
	if seq > 0 && b[from] >= 'a' && b[from] <= 'z' {
		b[from] -= 'a' - 'A'
	}
	return b
}

// guestPhone writes the number of guest g, sometimes with the country's code.
func (w *world) guestPhone(b []byte, g uint32, seq uint16) []byte {
	if seq > 0 {
		b = append(b, "+86 "...)
	}
	b = append(b, guestRange...)
	return appendPhone(append(b, "2567"[g%4]), "", uint64(g))
}

func (e *encoder) writeCustomers() error {
	w := e.world
	if w.opt.Plain {
		e.buf = append(e.buf, "customer_id,name,gender,birthday,city,registered_on\n"...)
	} else {
		// Spreadsheets put a byte order mark before UTF-8.
		e.buf = append(e.buf, "\ufeffcustomer_id,name,gender,birthday,phone,email,country,province,city,postcode,address,registered_at,source,referrer_id,email_consent,sms_consent,tags\n"...)
	}
	var c contact
	for i := range uint32(w.opt.Customers) {
		t, st := w.traits(i)
		w.contactOf(i, &t, &st, &c)
		from := len(e.buf)
		if w.opt.Plain {
			e.plainCustomer(i, &t, &st, &c)
		} else {
			e.customer(i, &t, &st, &c)
			e.spoil(from, spoilage{date: 11, money: -1})
		}
		e.file.Rows++
		if err := e.room(); err != nil {
			return err
		}
	}
	return nil
}

func (t *traits) gender(female, male string) string {
	switch {
	case t.unknown:
		return ""
	case t.female:
		return female
	}
	return male
}

// appendBirthday writes a date that fits the age at the end of the period.
func (e *encoder) appendBirthday(b []byte, t *traits, st *stream) []byte {
	day := epochDay(e.world.opt.To) - int(365.25*(float64(t.age)+st.float()))
	return dayDate(day).AppendFormat(b, "2006-01-02")
}

func (e *encoder) plainCustomer(i uint32, t *traits, st *stream, c *contact) {
	b := append(appendID(e.buf, i), ',')
	b = append(append(b, c.name...), ',')
	b = append(append(b, t.gender("F", "M")...), ',')
	b = append(e.appendBirthday(b, t, st), ',')
	b = append(append(b, places[t.place].city...), ',')
	b = e.world.cal.appendDate(b, int64(e.world.start(i)*secondsPerDay))
	e.buf = append(b, '\n')
}

func (e *encoder) customer(i uint32, t *traits, st *stream, c *contact) {
	w, at := e.world, &places[t.place]
	b := append(appendID(e.buf, i), ',')
	b = append(append(b, c.name...), ',')
	b = append(append(b, t.gender("女", "男")...), ',')
	if st.chance(0.7) {
		b = e.appendBirthday(b, t, st)
	}
	b = append(b, ',')
	switch {
	case len(c.phone) > 0 && i%6 == 1:
		b = append(append(b, "+86 "...), c.phone...)
	case len(c.phone) > 0 && i%6 == 4:
		b = append(append(append(append(append(b, c.phone[:3]...), '-'), c.phone[3:7]...), '-'), c.phone[7:]...)
	default:
		b = append(b, c.phone...)
	}
	b = append(b, ',')
	b = append(append(b, c.email...), ',')
	b = append(append(b, at.country...), ',')
	b = append(append(b, at.region...), ',')
	b = append(append(b, at.city...), ',')
	b = e.address(b, t, st)
	// Registered some time before the first purchase, mostly the same day.
	when := w.start(i)
	if before := 20 * st.float() * st.float(); before < when && st.chance(0.35) {
		when -= before
	}
	b = append(w.appendSlashTime(b, int64(w.clock(when, t.channel))), ',')
	source := acquisition[st.intn(len(acquisition))]
	if t.channel == pos && st.chance(0.7) {
		source = "门店"
	}
	b = append(append(b, source...), ',')
	if source == "朋友推荐" && i > 0 {
		b = appendID(b, uint32(st.intn(int(i))))
	}
	b = append(b, ',')
	b = append(b, yesNo(t.emailConsent && w.left[i]&leftEmail == 0), ',')
	b = append(b, yesNo(t.smsConsent && w.left[i]&leftSMS == 0), ',')
	if st.chance(0.12) {
		b = append(b, [...]string{"企业采购", "茶艺爱好者", "送礼", "KOL", "老茶客"}[st.intn(5)]...)
	}
	e.buf = append(b, '\n')
}

// address writes postcode and street.
func (e *encoder) address(b []byte, t *traits, st *stream) []byte {
	at := &places[t.place]
	for _, d := range []byte(at.postcode) {
		if d == '#' {
			d = '0' + byte(st.intn(10))
		}
		b = append(b, d)
	}
	b = append(b, ',')
	road, number := pickOne(st, at.roads), int64(1+st.intn(380))
	switch {
	case st.chance(0.2): // never told
	case t.abroad:
		b = append(b, '"')
		b = append(appendInt(b, number), ' ')
		b = append(append(append(b, road...), ", "...), at.city...)
		b = append(b, '"')
	default:
		b = append(b, road...)
		b = append(appendInt(b, number), "号"...)
		b = append(appendInt(b, int64(1+st.intn(30))), "栋"...)
		b = appendInt(b, int64(101+100*st.intn(28)+st.intn(4)))
		b = append(b, "室"...)
	}
	return append(b, ',')
}

// appendSlashTime writes 2024/01/05 09:31, as spreadsheets do.
func (w *world) appendSlashTime(b []byte, second int64) []byte {
	n := len(b)
	b = w.cal.appendTime(b, second, ' ')
	b[n+4], b[n+7] = '/', '/'
	return b[:len(b)-3]
}

func yesNo(v bool) byte {
	if v {
		return 'Y'
	}
	return 'N'
}

func (e *encoder) writeProducts() error {
	e.buf = append(e.buf, "sku,product_name,name_en,category,brand,price,cost\n"...)
	for i := range e.world.goods.products {
		p := &e.world.goods.products[i]
		b := append(append(e.buf, p.sku...), ',')
		b = append(append(b, p.zh...), ',')
		b = append(append(b, p.en...), ',')
		b = append(append(b, families[p.category].zh...), ',')
		b = append(append(b, p.brand...), ',')
		b = append(appendCents(append(b, "¥"...), p.price), ',')
		b = appendCents(append(b, "¥"...), p.cost)
		e.buf = append(b, '\n')
		e.file.Rows++
	}
	return nil
}

func (e *encoder) writeCampaigns() error {
	e.buf = append(e.buf, "campaign_id,name,name_en,channel,start_date,end_date,cost,objective\n"...)
	for k, c := range e.world.campaigns {
		from, to := dayDate(e.world.cal.from+c.start), dayDate(e.world.cal.from+c.end)
		e.buf = fmt.Appendf(e.buf, "%s,%s,%s,%s,%s,%s,%s,%s\n", c.id, c.zh, c.en, c.channel,
			from.Format("2006-01-02"), to.Format("2006-01-02"), Cents(c.cost*e.life.lift[k].treated+80_000), c.objective)
		e.file.Rows++
	}
	return nil
}

func responsesPath(c campaign) string { return "data/responses/" + c.id + ".csv.gz" }

func (e *encoder) writeResponses(k int) error {
	w := e.world
	c := &w.campaigns[k]
	e.buf = append(e.buf, "event_id,campaign_id,customer_id,event_time,event,arm,value,is_machine\n"...)
	for i, r := range e.life.responses[k] {
		from := len(e.buf)
		b := append(append(e.buf, c.id...), '-')
		b = append(appendPadded(b, uint64(i)+1, 7), ',')
		b = append(append(b, c.id...), ',')
		b = append(appendID(b, r.customer), ',')
		b = append(w.cal.appendTime(b, int64(r.at), ' '), ',')
		b = append(append(b, r.event.String()...), ',')
		if r.treated {
			b = append(b, c.coupon...)
		} else {
			b = append(b, "control"...)
		}
		b = append(b, ',')
		if r.event == converted {
			b = appendCents(b, int64(r.value))
		}
		b = append(b, ',')
		switch {
		case r.event == opened && r.machine:
			b = append(b, '1')
		case r.event == opened:
			b = append(b, '0')
		}
		e.buf = append(b, '\n')
		e.file.Rows++
		if e.repeat() {
			e.buf = append(e.buf, e.buf[from:]...)
		}
		if err := e.room(); err != nil {
			return err
		}
	}
	return nil
}
