package report

import (
	"math"
	"strconv"
	"strings"
)

// List is a target list that was cut.
type List struct {
	ID       string
	AsOf, On int32  // of its run; from which day it counts
	Segment  string // empty where a rule alone says who
	Rule     string
	Channel  string
	Campaign string
	Treated  int64
	Control  int64
	Steps    []Step
	Smallest float64 // difference of rates that the campaign shows in four of five cases; NaN: no control group, or none would
	Base     float64 // rate that it starts from
	Window   int     // days of both
	BaseFrom string  // where Base is from: earlier_run, model, else what they did before
	BaseDay  int32   // of the earlier run
}

// Step is one row of a list's waterfall.
type Step struct {
	Text
	Fell, Left int64
}

// shownSteps are the first step, those at which somebody fell, and who is left.
func (l List) shownSteps() []Step {
	if len(l.Steps) == 0 {
		return nil
	}
	out := []Step{l.Steps[0]}
	for _, s := range l.Steps[1:] {
		if s.Fell > 0 {
			out = append(out, s)
		}
	}
	return append(out, Step{Text: Text{"to be contacted", "最终触达"}, Left: l.Steps[len(l.Steps)-1].Left})
}

func (p printer) lists(d *Data) section {
	s := section{ID: "lists", Title: p.t("Target lists", "营销名单")}
	if len(d.Lists) == 0 {
		s.Missing = p.t("No list counts on or before this day in the last year: clientele target cuts one.", "截至当日，近一年没有生效的营销名单：可用 clientele target 生成。")
		return s
	}
	s.Intro = p.f("Lists of the last 365 days that count on or before %s, the latest first: how many of the segment fell out at each step, and who was left to be contacted. Cancelled lists are not shown.",
		"截至%s，近 365 天内生效的名单，最新在前：每一步筛除的人数，以及最终可触达的客户。已取消的名单不列出。", p.date(d.AsOf))
	for i, l := range d.Lists {
		steps := l.shownSteps()
		if len(steps) == 0 {
			continue
		}
		width := float64(halfWidth)
		if len(d.Lists) == 1 {
			width = fullWidth
		}
		chart := waterfall{p: p, steps: steps}
		s.Blocks = append(s.Blocks, p.block("list-"+strconv.Itoa(i), p.listTitle(d, l), p.listWords(l), width, chart.draw))
	}
	if d.MoreLists > 0 {
		s.Notes = append(s.Notes, note{Text: p.f("%s more are not shown: clientele list names all.", "另有 %s 份名单未列出：clientele list 可查看全部。", p.n(int64(d.MoreLists)))})
	}
	return s
}

func (p printer) listTitle(d *Data, l List) string {
	name := p.name(d.Meta.Segments, l.Segment)
	if stage := p.name(stages(), l.Segment); name == l.Segment && stage != l.Segment {
		name = stage
	}
	if l.Segment == "" {
		name = clip(l.Rule, 14, 300)
	}
	return strings.Join([]string{l.ID, name, p.channel(l.Channel)}, " · ")
}

func (p printer) listWords(l List) string {
	words := p.f("From %s on", "自%s起生效", p.date(l.On))
	if l.Campaign != "" {
		words += p.f(" for campaign %s", "，活动 %s", l.Campaign)
	}
	words += p.f(": %s to be contacted, %s kept back as the control group.", "：触达 %s，对照组 %s。", p.customers(l.Treated), p.customers(l.Control))
	if l.Segment != "" && l.Rule != "" {
		words += p.f(" Of the segment those for whom %s.", "客群内还须满足：%s。", l.Rule)
	}
	if l.Smallest > 0 {
		words += p.baseWords(l) + p.f(" A difference of %s points or more would be found in four of five such campaigns.",
			"若差异达到 %s 个百分点，五次中约有四次能检出。", p.points(l.Smallest))
	}
	return words
}

// baseWords say how many would order without the campaign, and how that is known.
func (p printer) baseWords(l List) string {
	switch l.BaseFrom {
	case "earlier_run":
		return p.f(" Of those whom the same choice took on %s, %s ordered within the next %d days.", "按同样条件于%s选出的客户中，有 %s 在此后 %d 天内下单。", p.date(l.BaseDay), p.pct(l.Base), l.Window)
	case "model":
		return p.f(" By the purchase model %s of them order within %d days though nobody contacts them.", "按复购模型预计，即使不触达，也有 %s 会在 %d 天内下单。", p.pct(l.Base), l.Window)
	}
	return p.f(" %s of them ordered within %d days before.", "此前 %[2]d 天内有 %[1]s 下单。", p.pct(l.Base), l.Window)
}

// channel names a channel.
func (p printer) channel(key string) string {
	switch key {
	case "email":
		return p.t("e-mail", "邮件")
	case "sms":
		return p.t("text message", "短信")
	case "phone":
		return p.t("telephone", "电话")
	case "post":
		return p.t("post", "邮寄")
	}
	return key
}

// points is a difference of shares in percentage points, without a sign above zero.
func (p printer) points(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return dash
	}
	if math.Abs(v) >= 10 {
		return p.short(100 * v)
	}
	return strings.Replace(trimmed(100*v, 2), "-", "−", 1)
}

// waterfall draws how many are left after each step, and how many fell there.
type waterfall struct {
	p     printer
	steps []Step
}

func (k waterfall) draw(width float64) *canvas {
	narrow := width < 420
	nameWidth, rowHeight := 0.0, 27.0
	for _, s := range k.steps {
		nameWidth = max(nameWidth, textWidth(k.p.text(s.Text), 12))
	}
	nameWidth = min(nameWidth+12, width*0.42)
	if narrow {
		nameWidth, rowHeight = 0, 42
	}
	most, labels := int64(1), 0.0
	for _, s := range k.steps {
		most = max(most, s.Left+s.Fell)
		labels = max(labels, textWidth(k.p.n(s.Left)+"  −"+k.p.n(s.Fell), 12))
	}
	room := max(width-nameWidth-labels-16, 40)
	c := &canvas{width: width, height: rowHeight*float64(len(k.steps)) + 6}
	for i, s := range k.steps {
		y := rowHeight * float64(i)
		name := k.p.text(s.Text)
		bar := y + 4
		if narrow {
			c.text(0, y+13, "start", "label", clip(name, 12, width))
			bar = y + 18
		} else {
			c.text(nameWidth-10, y+17, "end", "label", clip(name, 12, nameWidth-10))
		}
		left, fell := max(s.Left, 0), max(s.Fell, 0)
		at := nameWidth + room*min(float64(left)/float64(most), 1)
		color := paleBlue
		if i == len(k.steps)-1 {
			color = blue
		}
		c.rect(nameWidth, bar, max(at-nameWidth, 1), 17, color, ` rx="2"`, name+": "+k.p.n(left))
		end := at
		if fell > 0 {
			w := max(room*min(float64(fell)/float64(most), 1), 1.5)
			c.rect(at, bar, w, 17, orange, ` rx="2"`, name+": −"+k.p.n(fell))
			end = at + w
		}
		second := ""
		if fell > 0 {
			second = "−" + k.p.n(fell)
		}
		c.pair(end+6, bar+13, k.p.n(left), second)
	}
	return c
}
