package engine

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"clientele/models"
)

// sentences are the same in both languages.
type sentences struct{ en, zh string }

func (s *sentences) add(en, zh string) {
	if s.en != "" && en != "" {
		s.en += " "
	}
	s.en, s.zh = s.en+en, s.zh+zh
}

// verdict says first what the campaign did: which arms raised the response, which lowered it, and
// of which no effect is shown. What is said of several arms holds for all of them together: an arm
// is named where its interval at that level leaves out zero, so whichever of them is the best, a
// campaign of which no arm does anything is called an effect once in twenty.
func (c *campaignReader) verdict(lifts []lift) {
	if c.out.Open && !slices.ContainsFunc(lifts, func(l lift) bool { return l.lookRate != nil }) {
		c.conclude("too_early", sentences{
			"It is too early to compare: in each arm nobody has responded so far, or everybody has.",
			"尚早，无法比较：目前各组或无人响应，或全部响应。"})
		return
	}
	var raised, lowered, unclear []lift
	for _, l := range lifts {
		switch d, p := l.rate(c.out.Open); {
		case p >= alpha || d.Low <= 0 && d.High >= 0: // test and interval may disagree at the edge
			unclear = append(unclear, l)
		case d.Value > 0:
			raised = append(raised, l)
		default:
			lowered = append(lowered, l)
		}
	}
	for _, list := range [][]lift{raised, lowered, unclear} {
		slices.SortStableFunc(list, func(a, b lift) int {
			return cmp.Compare(math.Abs(b.rates.Difference.Value), math.Abs(a.rates.Difference.Value))
		})
	}
	var said sentences
	for _, l := range raised {
		said.add(c.clear(l, "%s: %s points more of those assigned responded than of control (95%%: %s to %s).", "%s：响应率比对照组高 %s 个百分点（95%%：%s 至 %s）。"))
	}
	for _, l := range lowered {
		said.add(c.clear(l, "%s: fewer of those assigned responded than of control, by %s points (difference, 95%%: %s to %s).", "%s：响应率比对照组低 %s 个百分点（差值 95%%：%s 至 %s）。"))
	}
	said.add(c.unclear(unclear, len(lifts)))
	c.conclude(verdictCode(len(raised), len(lowered)), said)
}

// verdictCode names the sort of verdict.
func verdictCode(raised, lowered int) string {
	switch {
	case raised > 0 && lowered > 0:
		return "effect_and_harm"
	case raised > 0:
		return "effect"
	case lowered > 0:
		return "harm"
	}
	return "no_effect_shown"
}

// conclude makes the verdict of sentences, and adds what bounds it.
func (c *campaignReader) conclude(code string, said sentences) {
	if c.out.Open {
		said.add(fmt.Sprintf("The windows are open until %v: this is a look before the end, by an interval that allows for looking.", c.out.To),
			fmt.Sprintf("窗口至 %v 才结束：此为提前查看，使用允许多次查看的区间。", c.out.To))
	}
	said.add(c.unsent())
	c.out.Verdict = models.Warning{Code: code, En: said.en, Zh: said.zh}
}

// points writes a difference of shares in percentage points, with its sign.
func points(v float64) string { return fmt.Sprintf("%+.2f", 100*v) }

// clear words an arm whose interval leaves out zero.
func (c *campaignReader) clear(l lift, en, zh string) (string, string) {
	d, _ := l.rate(c.out.Open)
	size := fmt.Sprintf("%.2f", 100*math.Abs(d.Value)) // beside a word that has the direction
	worth, worthZh := c.worth(l)
	return fmt.Sprintf(en, l.arm.name, size, points(d.Low), points(d.High)) + worth, fmt.Sprintf(zh, l.arm.name, size, points(d.Low), points(d.High)) + worthZh
}

// namedArms is how many arms without effect are named, at most.
const namedArms = 3

// unclear words the arms of n of which no effect is shown, the greatest difference first.
func (c *campaignReader) unclear(list []lift, n int) (en, zh string) {
	if len(list) == 0 {
		return "", ""
	}
	within := func(l lift) (string, string) {
		d, _ := l.rate(c.out.Open)
		return fmt.Sprintf("%s points (95%%: %s to %s)", points(d.Value), points(d.Low), points(d.High)),
			fmt.Sprintf("%s 个百分点（95%%：%s 至 %s）", points(d.Value), points(d.Low), points(d.High))
	}
	at, atZh := within(list[0])
	worth, worthZh := c.worth(list[0])
	switch {
	case n == 1:
		return "No effect is shown: " + at + ", which chance alone may bring." + worth, "未显示出效果：" + atZh + "，可能只是偶然。" + worthZh
	case len(list) == n:
		return fmt.Sprintf("No effect is shown for any of %d arms: the greatest difference is that of %s, %s, which chance alone may bring.", n, list[0].arm.name, at) + worth,
			fmt.Sprintf("%d 个实验组均未显示出效果：差异最大的是 %s，%s，可能只是偶然。", n, list[0].arm.name, atZh) + worthZh
	}
	var names, namesZh []string
	for _, l := range list[:min(len(list), namedArms)] {
		at, atZh := within(l)
		names, namesZh = append(names, l.arm.name+", "+at), append(namesZh, l.arm.name+"："+atZh)
	}
	if more := len(list) - namedArms; more > 0 {
		names, namesZh = append(names, fmt.Sprintf("and %d more", more)), append(namesZh, fmt.Sprintf("另有 %d 组", more))
	}
	return "No effect is shown for " + strings.Join(names, "; ") + ".", "未显示出效果：" + strings.Join(namesZh, "；") + "。"
}

// worth words what an arm brought; nothing while windows are open.
func (c *campaignReader) worth(l lift) (en, zh string) {
	s, n := l.money(), float64(l.arm.converted.N)
	if s.Flags != 0 || c.out.Open {
		return "", ""
	}
	return fmt.Sprintf(" Revenue: %+.0f (95%%: %+.0f to %+.0f).", n*s.Difference, n*s.Low, n*s.High),
		fmt.Sprintf("增量收入 %+.0f（95%%：%+.0f 至 %+.0f）。", n*s.Difference, n*s.Low, n*s.High)
}

// contacts are the columns of a reading that show that somebody was written to.
func contacts() []string {
	return []string{"sent", "delivered", "opened", "machine", "clicked", "bounced", "unsubscribed", "complained"}
}

// unsent says of which treated arms nothing shows that anybody was written to: a comparison that
// finds no effect of them may be one of nothing.
func (c *campaignReader) unsent() (en, zh string) {
	var names []string
	for _, a := range c.treated() {
		if !c.contacted(a) {
			names = append(names, a.name)
		}
	}
	switch {
	case len(names) == 0, len(names) == len(c.treated()) && c.recipients > 0:
		return "", ""
	case len(names) == len(c.treated()):
		return "No event sent of this campaign is loaded: if nobody was written to, this compares nothing with nothing.",
			"该活动没有载入任何发送记录（sent）：如果实际没有触达任何人，这样的比较就没有意义。"
	}
	return fmt.Sprintf("No event sent of %s is loaded: if nobody of it was written to, nothing can come of it.", strings.Join(names, ", ")),
		fmt.Sprintf("%s 没有载入发送记录（sent）：如果该组实际没有触达任何人，自然看不到效果。", strings.Join(names, "、"))
}

// contacted reports whether anything shows that a customer of the arm was written to.
func (c *campaignReader) contacted(a *arm) bool {
	for _, name := range contacts() {
		col := c.people.Column(name)
		if slices.ContainsFunc(a.customers, func(i int32) bool { return !col.Missing(int(i)) && col.Bools[i] }) {
			return true
		}
	}
	return false
}
