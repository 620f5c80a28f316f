package demo

import (
	"cmp"
	"compress/gzip"
	"context"
	"io"
	"os"
	"slices"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// encoder writes one file. Rows are appended to buf, which goes out when full,
// so that writing costs no allocation per row.
type encoder struct {
	world   *world
	life    *life
	ctx     context.Context
	report  *progress
	file    File
	refunds []refund

	out   io.Writer
	buf   []byte
	lines [maxLines]line
	again float64 // how near the next repeated row is
	bad   float64 // how near the next bad row is
	badly int     // bad rows so far, counted from the file's own start

	pending int64 // orders not yet reported
}

const flushAt = 1 << 20

// write creates the file, lets body fill it, and puts it in its place.
func (e *encoder) write(out *output, body func(*encoder) error) error {
	f, err := out.create(e.file.Path)
	if err != nil {
		return err
	}
	if err := e.fill(f, body); err != nil {
		out.abandon(f)
		return err
	}
	if e.file.Bytes, err = f.Seek(0, io.SeekCurrent); err != nil {
		out.abandon(f)
		return err
	}
	e.file.Accepted = e.file.Rows - e.file.Duplicates - e.file.Rejected
	return out.commit(f, e.file.Path)
}

func (e *encoder) fill(f *os.File, body func(*encoder) error) error {
	e.buf = make([]byte, 0, flushAt+1<<16)
	e.out = f
	// The first repeated and the first bad row come after some hundred good
	// ones, later ones more rarely: well below 1 % of any file.
	e.again, e.bad = 0.4, 0.8
	if e.file.Kind == "responses" {
		zip, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
		if err != nil {
			return err
		}
		e.out = zip
		if err := body(e); err != nil {
			return err
		}
		if err := e.flush(); err != nil {
			return err
		}
		return zip.Close()
	}
	if err := body(e); err != nil {
		return err
	}
	return e.flush()
}

// room flushes a full buffer; it is called between rows.
func (e *encoder) room() error {
	if len(e.buf) < flushAt {
		return nil
	}
	return e.flush()
}

func (e *encoder) flush() error {
	e.report.add(e.pending)
	e.pending = 0
	if err := e.ctx.Err(); err != nil {
		return err
	}
	_, err := e.out.Write(e.buf)
	e.buf = e.buf[:0]
	return err
}

// repeat tells whether the row just written is to stand twice, as rows do in
// exports that were stitched together: one in 900.
func (e *encoder) repeat() bool {
	if e.again += 1.0 / 900; e.again < 1 {
		return false
	}
	e.again--
	e.file.Rows++
	e.file.Duplicates++
	return true
}

func appendCents(b []byte, c int64) []byte {
	if c < 0 {
		b, c = append(b, '-'), -c
	}
	b = appendPadded(b, uint64(c/100), 1)
	return append(b, '.', '0'+byte(c/10%10), '0'+byte(c%10))
}

func appendInt(b []byte, n int64) []byte { return appendPadded(b, uint64(n), 1) }

// gb encodes fixed Chinese text once, so that rows are put together from bytes.
func gb(s string) string {
	t, err := simplifiedchinese.GB18030.NewEncoder().String(s)
	if err != nil {
		panic("demo: text that GB18030 cannot hold: " + s) // GB18030 holds all of Unicode
	}
	return t
}

// refund is money given back on an order of the web shop, the app or the stores.
type refund struct {
	at       uint32
	customer uint32
	amount   uint32
	reason   uint8
	who      who
	inOrders bool // told in the order's own row, not in refunds.csv
	channel  channel
	serial   uint64
}

var refundReasons = []string{"七天无理由退货", "商品破损", "发错货", "口味不合", "少件漏发", "物流太慢", "quality", "changed my mind"}

const (
	refundShare = 0.034
	fullShare   = 0.5
)

// refundOf draws what became of an order; the amount is 0 for most.
func (e *encoder) refundOf(o order, serial uint64) refund {
	w := e.world
	r := refund{customer: o.customer, who: o.who(), channel: o.channel, serial: serial}
	if w.opt.Plain || !o.counted() {
		return r
	}
	st := o.stream(w.seed, tagRefund)
	if o.status() == cancelledDated {
		r.amount, r.at, r.inOrders = o.amount, o.at+uint32(300+st.intn(7200)), true
		return r
	}
	if !st.chance(refundShare) {
		return r
	}
	full := st.chance(fullShare)
	at := w.clock(float64(o.at)/secondsPerDay+0.6+13*st.float(), app)
	r.reason = uint8(st.intn(len(refundReasons)))
	r.inOrders = o.channel == tmall && w.opt.Dialect == ""
	r.amount = o.amount
	if !full {
		r.amount = uint32(max(float64(o.amount)*(0.1+0.6*st.float())/10, 1)) * 10
		r.amount = min(r.amount, o.amount)
	}
	if int(at) >= w.cal.days*secondsPerDay {
		r.amount = 0 // not yet
	}
	r.at = at
	return r
}

func (e *encoder) writeRefunds(all []refund) error {
	own := slices.DeleteFunc(slices.Clone(all), func(r refund) bool { return r.inOrders })
	slices.SortFunc(own, func(a, b refund) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.channel, b.channel), cmp.Compare(a.serial, b.serial))
	})
	e.buf = append(e.buf, "refund_id,order_id,customer_id,refunded_at,refund_amount,reason\n"...)
	for i, r := range own {
		from := len(e.buf)
		b := appendPadded(append(e.buf, 'R'), uint64(i)+1, 8)
		b = append(b, ',')
		b = e.appendOrderID(b, r.channel, r.serial)
		b = append(b, ',')
		if r.who == member {
			b = appendID(b, r.customer)
		}
		b = append(b, ',')
		b = e.world.cal.appendTime(b, int64(r.at), ' ')
		b = append(b, ',')
		b = appendCents(b, int64(r.amount))
		b = append(b, ',')
		b = append(b, refundReasons[r.reason]...)
		e.buf = append(b, '\n')
		e.file.Rows++
		e.spoil(from, spoilage{date: 3, money: 4, word: "待财务确认"})
		if err := e.room(); err != nil {
			return err
		}
	}
	return nil
}

// appendOrderID writes an order's number as its channel makes them. Those of the
// market place have 19 digits, more than a spreadsheet keeps.
func (e *encoder) appendOrderID(b []byte, c channel, serial uint64) []byte {
	if e.world.opt.Dialect != "" || e.world.opt.Plain {
		return appendPadded(append(b, 'O'), serial+1, 9)
	}
	switch c {
	case web:
		return appendPadded(append(b, 'W'), serial+1, 9)
	case app:
		return appendPadded(append(b, 'A'), serial+1, 9)
	case pos:
		return appendPadded(append(b, "S-"...), serial+1, 9)
	}
	return appendPadded(b, 2_100_000_000_000_000_000+serial*10_000_019+mix(serial)%9_000_000, 19)
}
