package demo

var agents = []string{"小林", "阿杰", "Mia", "小雨", "陈敏", "Leo", "思思", "老周"}
var askedThrough = []string{"wechat", "app", "email", "web chat"}
var surveyedThrough = []string{"sms", "wechat", "email"}

// writeInteractions writes visits, questions, calls, surveys and complaints in
// the order of time, one JSON object a line.
func (e *encoder) writeInteractions() error {
	for i := range e.life.touches {
		from := len(e.buf)
		e.interaction(&e.life.touches[i], uint64(i))
		e.file.Rows++
		if e.repeat() {
			e.buf = append(e.buf, e.buf[from:]...)
		}
		e.spoil(from, spoilage{keys: [2]string{`"occurred_at":`}})
		if err := e.room(); err != nil {
			return err
		}
	}
	return nil
}

func (e *encoder) interaction(t *touch, serial uint64) {
	w := e.world
	st := keyed(w.seed, tagTouch, uint64(t.customer)).sub(uint64(t.seq))
	who, _ := w.traits(t.customer)
	b := append(e.buf, `{"interaction_id":"I`...)
	b = appendPadded(b, serial+1, 8)
	b = append(b, `","customer_id":"`...)
	b = appendID(b, t.customer)
	b = append(b, `","occurred_at":"`...)
	b = w.cal.appendTime(b, int64(t.at), ' ')
	b = append(b, `","type":"`...)
	b = append(b, [...]string{visit: "visit", ticket: "ticket", complaint: "complaint", call: "call", survey: "survey"}[t.kind]...)
	b = append(b, `","channel":`...)
	product := &w.goods.products[t.product]
	switch t.kind {
	case visit:
		b = append(b, `"store","direction":"in","topic":`...)
		b = appendJSONText(b, families[product.category].en)
	case survey:
		b = appendJSONText(b, pickOne(&st, surveyedThrough))
		b = append(b, `,"direction":"out"`...)
		b = e.scores(b, t, &st, true)
		if st.chance(0.7) {
			b = e.words(b, t, &st, who.abroad, product)
		}
	case call:
		b = append(b, `"phone","direction":"in"`...)
		b = e.handling(b, t, &st)
		b = e.words(b, t, &st, who.abroad, product)
	default:
		b = appendJSONText(b, pickOne(&st, askedThrough))
		b = append(b, `,"direction":"in"`...)
		b = e.handling(b, t, &st)
		b = e.scores(b, t, &st, false)
		b = e.words(b, t, &st, who.abroad, product)
	}
	e.buf = append(b, "}\n"...)
}

// handling tells who answered when, and what it cost. Grievances take longer and
// a few are never closed.
func (e *encoder) handling(b []byte, t *touch, st *stream) []byte {
	b = append(b, `,"agent":`...)
	b = appendJSONText(b, pickOne(st, agents))
	first, solve, contacts := 120+3600*st.exp()*0.4, 1800+6*3600*st.exp(), 1+st.intn(2)
	if t.kind == complaint {
		solve, contacts = solve*6, 2+st.intn(4)
	}
	if t.kind == call {
		first, solve, contacts = 5+40*st.exp(), 60+240*st.exp(), 1
	}
	b = append(b, `,"first_response_at":"`...)
	b = e.world.cal.appendTime(b, int64(t.at)+int64(first), ' ')
	b = append(b, `","resolved_at":`...)
	end := int64(t.at) + int64(first+solve)
	if st.chance(0.04) || end >= int64(e.world.cal.days)*secondsPerDay {
		b = append(b, "null"...)
	} else {
		b = append(b, '"')
		b = e.world.cal.appendTime(b, end, ' ')
		b = append(b, '"')
	}
	b = append(b, `,"contacts":`...)
	b = appendInt(b, int64(contacts))
	b = append(b, `,"cost":`...)
	return appendCents(b, int64(contacts)*450+int64(st.intn(300)))
}

// scores are satisfaction of 1 to 5 and, in surveys, a recommendation of 0 to 10.
func (e *encoder) scores(b []byte, t *touch, st *stream, nps bool) []byte {
	if nps {
		b = append(b, `,"nps":`...)
		b = appendInt(b, int64(min(int(t.mood)*5/2+st.intn(3), 10)))
	} else if !st.chance(0.5) {
		return b
	}
	b = append(b, `,"satisfaction":`...)
	return appendInt(b, int64(min(max(int(t.mood)+1+st.intn(3)/2-st.intn(3)/2, 1), 5)))
}

func (e *encoder) words(b []byte, t *touch, st *stream, english bool, p *product) []byte {
	b = append(b, `,"text":"`...)
	b, about := e.world.say(b, st, t.kind, t.mood, english, p)
	b = append(b, `","topic":`...)
	return appendJSONText(b, about)
}
