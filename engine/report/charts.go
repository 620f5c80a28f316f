package report

import (
	"html/template"
	"math"
	"strings"
)

// A picture is drawn for a width, so that its letters stay readable: once for
// the page and once for a phone.
type picture func(width float64) *canvas

// mark is a label under a chart, at a place counted in slots from the left.
type mark struct {
	at        float64
	text, sub string
}

// series is one set of values, one for each slot.
type series struct {
	name   string
	color  string
	values []float64
	dashed bool
}

// legend draws names with their colours in one or more lines and returns the
// height it took.
func (c *canvas) legend(all []series, x, y, width float64) float64 {
	left, top := x, y
	for _, s := range all {
		w := 18 + textWidth(s.name, 12) + 14
		if x > left && x+w > left+width {
			x, y = left, y+18
		}
		c.rect(x, y-9, 11, 11, s.color, ` rx="2"`, "")
		c.text(x+17, y+1, "start", "label", s.name)
		x += w
	}
	return y - top + 16
}

// columnChart draws one column for each slot, its series stacked.
type columnChart struct {
	series  []series
	marks   func(slot float64) []mark
	tip     func(slot int) string
	colors  []string // by slot, instead of the series' colour
	faint   []bool   // by slot: not complete
	tick    func(v float64) string
	whole   bool // values are counts
	height  float64
	gap     float64  // share of a slot that stays empty
	caption string   // over the vertical axis
	names   []series // legend, instead of the series
	right   float64  // room to the right of the last slot
}

func (k columnChart) draw(width float64) *canvas {
	c := &canvas{width: width, height: k.height}
	slots := len(k.series[0].values)
	var sums []float64
	for i := range slots {
		up, down := 0.0, 0.0
		for _, s := range k.series {
			if v := known(s.values[i]); v > 0 {
				up += v
			} else {
				down += v
			}
		}
		sums = append(sums, up, down)
	}
	y := newAxis(sums, 5, k.whole)
	left := tickWidth(y, k.tick) + 8
	top := 10.0
	if k.caption != "" {
		c.text(0, 11, "start", "label", k.caption)
		top += 16
	}
	names := k.names
	if len(k.series) > 1 {
		names = k.series
	}
	if len(names) > 0 {
		top += c.legend(names, 0, top+3, width) + 2
	}
	slot := (width - left - k.right) / float64(max(slots, 1))
	marks := k.marks(slot)
	bottom := 22.0
	for _, m := range marks {
		if m.sub != "" {
			bottom = 36
		}
	}
	y.from, y.to = k.height-bottom, top
	c.grid(y, left, width-k.right, k.tick)
	for i := range slots {
		x := left + slot*float64(i)
		w := slot * (1 - k.gap)
		up, down := y.at(0), y.at(0)
		extra := ""
		if k.faint != nil && k.faint[i] {
			extra = ` opacity=".45"`
		}
		for si, s := range k.series {
			v := known(s.values[i])
			if v == 0 {
				continue
			}
			h := math.Abs(y.at(v) - y.at(0))
			color := s.color
			if k.colors != nil {
				color = k.colors[i]
			}
			tip := ""
			if k.tip != nil && si == 0 || len(k.series) > 1 {
				tip = k.tip(i)
			}
			if v > 0 {
				up -= h
				c.rect(x+slot*k.gap/2, up, w, h, color, extra, tip)
			} else {
				c.rect(x+slot*k.gap/2, down, w, h, color, extra, tip)
				down += h
			}
		}
	}
	c.line(left, y.at(0), width-k.right, y.at(0), "axis")
	c.marks(marks, left, slot, y.from)
	return c
}

// tickWidth is the room that the labels of an axis need.
func tickWidth(a axis, label func(float64) string) float64 {
	w := 0.0
	for _, v := range a.ticks {
		w = max(w, textWidth(label(v), 12))
	}
	return w
}

// grid draws the horizontal lines of a vertical axis and their labels.
func (c *canvas) grid(y axis, left, right float64, label func(float64) string) {
	for _, v := range y.ticks {
		c.line(left, y.at(v), right, y.at(v), "grid")
		c.text(left-7, y.at(v)+4, "end", "tick", label(v))
	}
}

// marks writes the labels under a chart, kept inside its edges.
func (c *canvas) marks(marks []mark, left, slot, base float64) {
	for _, m := range marks {
		x := left + slot*m.at
		half := textWidth(m.text, 12) / 2
		place := min(max(x, half), c.width-half)
		c.text(place, base+16, "middle", "tick", m.text)
		if m.sub != "" {
			c.text(place, base+31, "middle", "tick strong", m.sub)
		}
	}
}

// monthMarks labels months: names of months where there is room, the year
// under its first label.
func (p printer) monthMarks(starts []int32) func(slot float64) []mark {
	return func(slot float64) []mark {
		step := 12
		for _, s := range []int{1, 2, 3, 6} {
			if float64(s)*slot >= 30 {
				step = s
				break
			}
		}
		var list []mark
		year := 0
		yearly := step == 12 && len(starts) > 12
		every := 1 // of years, where even they are crowded
		for float64(12*every)*slot < 36 {
			every++
		}
		for i, d := range starts {
			t := day(d)
			first := i == 0 && step < 12
			if (int(t.Month())-1)%step != 0 && !first && (yearly || step < 12 || i > 0) {
				continue
			}
			if toNext := (step - (int(t.Month())-1)%step) % step; first && toNext > 0 && toNext < len(starts) && float64(toNext)*slot < 36 {
				continue // the next label would touch this one
			}
			m := mark{at: float64(i) + 0.5, text: t.Format("Jan")}
			if p.zh {
				m.text = t.Format("1月")
			}
			if yearly {
				if t.Year()%every != 0 {
					continue
				}
				m.text = t.Format("2006")
			} else if t.Year() != year {
				m.sub, year = t.Format("2006"), t.Year()
			}
			list = append(list, m)
		}
		return list
	}
}

// edgeMarks labels the edges between columns, as many as there is room for.
func edgeMarks(labels []string) func(slot float64) []mark {
	return func(slot float64) []mark {
		widest := 0.0
		for _, l := range labels {
			widest = max(widest, textWidth(l, 12))
		}
		step := 1
		for float64(step)*slot < widest+6 && step < len(labels) {
			step++
		}
		var list []mark
		for i := 0; i < len(labels); i += step {
			list = append(list, mark{at: float64(i), text: labels[i]})
		}
		return list
	}
}

// barRow is one line of a bar table: a name and two amounts with their labels.
type barRow struct {
	name           string
	values         [2]float64
	labels, shares [2]string
	color          string
}

// barTable draws named rows with two bars each, side by side.
type barTable struct {
	heads [2]string
	rows  []barRow
}

func (k barTable) draw(width float64) *canvas {
	narrow := width < 600
	nameWidth, rowHeight, top := 0.0, 30.0, 26.0
	for _, r := range k.rows {
		nameWidth = max(nameWidth, textWidth(r.name, 13))
	}
	nameWidth = min(nameWidth+14, width*0.24)
	if narrow {
		nameWidth, rowHeight = 0, 46
	}
	c := &canvas{width: width, height: top + rowHeight*float64(len(k.rows)) + 4}
	panel := (width - nameWidth) / 2
	var most [2]float64
	labelWidth := 0.0
	for _, r := range k.rows {
		for j := range most {
			most[j] = max(most[j], known(r.values[j]))
			labelWidth = max(labelWidth, textWidth(r.labels[j]+"  "+r.shares[j], 12))
		}
	}
	room := max(panel-labelWidth-14, 20)
	for j, h := range k.heads {
		c.text(nameWidth+panel*float64(j), 13, "start", "label strong", clip(h, 12, panel-8))
	}
	for i, r := range k.rows {
		y := top + rowHeight*float64(i)
		bar := y + 5
		if narrow {
			c.text(0, y+13, "start", "name", clip(r.name, 13, width))
			bar = y + 20
		} else {
			c.text(nameWidth-12, y+18, "end", "name", clip(r.name, 13, nameWidth-12))
		}
		for j, v := range r.values {
			x := nameWidth + panel*float64(j)
			w := 0.0
			if most[j] > 0 {
				w = max(room*known(v)/most[j], 0)
			}
			color := [2]string{paleBlue, blue}[j]
			if r.color != "" {
				color = r.color
			}
			if math.IsNaN(v) {
				c.pair(x, bar+13.5, r.labels[j], "")
				continue
			}
			c.rect(x, bar, max(w, 1.5), 18, color, ` rx="2"`, r.name+": "+r.labels[j])
			c.pair(x+max(w, 1.5)+6, bar+13.5, r.labels[j], r.shares[j])
		}
	}
	return c
}

// heatCell is one field of a heat map.
type heatCell struct {
	main, sub string
	share     float64 // of the darkest
	tip       string
	empty     bool
}

// heatMap draws rows of cells, the first row on top.
type heatMap struct {
	rows, columns []string
	rowTitle      string
	columnTitle   string
	cells         [][]heatCell
}

func (k heatMap) draw(width float64) *canvas {
	left, top, bottom := 40.0, 24.0, 40.0
	w := (width - left) / float64(len(k.columns))
	h := min(w*0.66, 62)
	if width < 420 {
		h = w * 0.8
	}
	c := &canvas{width: width, height: top + h*float64(len(k.rows)) + bottom}
	c.text(0, 12, "start", "label", k.rowTitle)
	for i, name := range k.rows {
		y := top + h*float64(i)
		c.text(left-12, y+h/2+5, "end", "name", name)
		for j, cell := range k.cells[i] {
			x := left + w*float64(j)
			fill, class := heat(cell.share)
			if cell.empty {
				c.rect(x+1, y+1, w-2, h-2, heatEmpty, ` rx="3"`, cell.tip)
				continue
			}
			c.rect(x+1, y+1, w-2, h-2, fill, ` rx="3"`, cell.tip)
			c.text(x+w/2, y+h/2-1, "middle", "cell "+class, cell.main)
			c.text(x+w/2, y+h/2+14, "middle", "cellsub "+class, cell.sub)
		}
	}
	base := top + h*float64(len(k.rows))
	for j, name := range k.columns {
		c.text(left+w*(float64(j)+0.5), base+17, "middle", "name", name)
	}
	c.text(left+(width-left)/2, base+35, "middle", "label", k.columnTitle)
	return c
}

// lineChart draws series over the same slots. From the slot that from names on,
// where it is above zero and one of them, days are of another kind: before and after
// say of which, foot on which day they part.
type lineChart struct {
	series        []series
	marks         func(slot float64) []mark
	tip           func(series, slot int) string
	tick          func(v float64) string
	height        float64
	from          int
	before, after string
	foot          string
}

func (k lineChart) draw(width float64) *canvas {
	c := &canvas{width: width, height: k.height}
	var all []float64
	slots := 0
	for _, s := range k.series {
		all = append(all, s.values...)
		slots = max(slots, len(s.values))
	}
	y := newAxis(all, 5, true)
	left := tickWidth(y, k.tick) + 8
	top := 12 + c.legend(k.series, 0, 11, width)
	slot := (width - left - 6) / float64(max(slots, 1))
	marks := k.marks(slot)
	y.from, y.to = k.height-36, top
	if k.from > 0 && k.from < slots {
		y.to = top + 20
		k.part(c, left+slot*float64(k.from), top, y.from, width)
	}
	c.grid(y, left, width, k.tick)
	c.line(left, y.at(0), width, y.at(0), "axis")
	for si, s := range k.series {
		var xs, ys []float64
		for i, v := range s.values {
			if !math.IsNaN(v) {
				xs = append(xs, left+slot*(float64(i)+0.5))
				ys = append(ys, y.at(v))
			}
		}
		extra := ""
		if s.dashed {
			extra = ` stroke-dasharray="6 4"`
		}
		c.path(xs, ys, s.color, extra)
		if slot >= 18 {
			for i, v := range s.values {
				if !math.IsNaN(v) {
					c.circle(left+slot*(float64(i)+0.5), y.at(v), 3, s.color, k.tip(si, i))
				}
			}
		}
	}
	c.marks(marks, left, slot, y.from)
	return c
}

// part shades what lies after x and names both sides.
func (k lineChart) part(c *canvas, x, top, bottom, right float64) {
	c.rect(x, top, right-x, bottom-top, shade, "", "")
	c.line(x, top, x, bottom, "mark")
	if textWidth(k.after, 12) < 1.2*(right-x-6) { // the estimate is generous, and half a word says nothing
		c.text(x+6, top+12, "start", "label", k.after)
	}
	c.text(x-6, top+12, "end", "label", clip(k.before+" "+k.foot, 12, x-6))
}

// calibrationPoint is a group of customers: what was stated of it, what came,
// and the interval of that.
type calibrationPoint struct {
	stated, actual, low, high float64
	tip                       string
}

// calibrationCurve is one score in a calibration chart.
type calibrationCurve struct {
	name, color string
	points      []calibrationPoint
}

// calibrationChart draws what came over what was stated; both are shares.
type calibrationChart struct {
	curves         []calibrationCurve
	xTitle, yTitle string
	pct            func(float64) string
}

func (k calibrationChart) draw(width float64) *canvas {
	var names []series
	for _, s := range k.curves {
		names = append(names, series{name: s.name, color: s.color})
	}
	c, x, y := unitSquare(width, k.xTitle, k.yTitle, names, k.pct)
	for _, s := range k.curves {
		var xs, ys []float64
		for _, p := range s.points {
			c.bar(x.at(p.stated), y.at(p.low), y.at(p.high), s.color)
			xs, ys = append(xs, x.at(p.stated)), append(ys, y.at(p.actual))
		}
		c.path(xs, ys, s.color, ` opacity=".45"`)
		for _, p := range s.points {
			c.circle(x.at(p.stated), y.at(p.actual), 4, s.color, p.tip)
		}
	}
	return c
}

// unitSquare is a picture with a share on both axes and the line on which they
// are equal.
func unitSquare(width float64, xTitle, yTitle string, names []series, pct func(float64) string) (c *canvas, x, y axis) {
	height := min(width*0.82, 372)
	c = &canvas{width: width, height: height}
	c.text(0, 11, "start", "label", yTitle)
	top := 32 + c.legend(names, 0, 30, width)
	left, bottom := 44.0, 40.0
	x = axis{lo: 0, hi: 1, from: left, to: width - 20}
	y = axis{lo: 0, hi: 1, from: height - bottom, to: top, ticks: []float64{0, .2, .4, .6, .8, 1}}
	c.grid(y, left, x.to, pct)
	for _, v := range y.ticks {
		c.text(x.at(v), y.from+16, "middle", "tick", pct(v))
	}
	c.text((left+x.to)/2, height-5, "middle", "label", xTitle)
	c.line(x.at(0), y.at(0), x.at(1), y.at(1), "mark")
	c.line(left, y.at(0), x.to, y.at(0), "axis")
	return c, x, y
}

// liftChart draws a share for each tenth, that of a rule beside it, and the
// share of all.
type liftChart struct {
	rates, rule   []float64 // rule may be empty
	average       float64
	names         []series
	caption, axis string
	pct           func(float64) string
	tip           func(slot int) string
}

func (k liftChart) draw(width float64) *canvas {
	c := &canvas{width: width, height: 330}
	c.text(0, 11, "start", "label", k.caption)
	top := 28 + c.legend(k.names, 0, 29, width)
	y := newAxis(append(append([]float64{k.average}, k.rates...), k.rule...), 5, false)
	left := tickWidth(y, k.pct) + 8
	y.from, y.to = c.height-40, top
	c.grid(y, left, width, k.pct)
	slot := (width - left) / float64(len(k.rates))
	for i, v := range k.rates {
		x := left + slot*float64(i)
		c.rect(x+slot*0.14, y.at(v), slot*0.72, y.at(0)-y.at(v), blue, "", k.tip(i))
		if len(k.rule) > 0 {
			c.rect(x+slot*0.06, y.at(k.rule[i])-1.5, slot*0.88, 3, orange, "", "")
		}
		c.text(x+slot/2, y.from+16, "middle", "tick", printer{}.n(int64(i+1)))
	}
	c.line(left, y.at(k.average), width, y.at(k.average), "mark")
	c.line(left, y.at(0), width, y.at(0), "axis")
	c.text((left+width)/2, c.height-5, "middle", "label", k.axis)
	return c
}

// shareCurve is one line of a concentration chart.
type shareCurve struct {
	name, color string
	points      []Point
	mark        Point // where 80 % is reached; zero: nowhere
	label       string
}

// curveChart draws shares of value over shares of customers.
type curveChart struct {
	curves         []shareCurve
	xTitle, yTitle string
	pct            func(float64) string
}

func (k curveChart) draw(width float64) *canvas {
	var names []series
	for _, s := range k.curves {
		names = append(names, series{name: s.name, color: s.color})
	}
	c, x, y := unitSquare(width, k.xTitle, k.yTitle, names, k.pct)
	for _, s := range k.curves {
		var xs, ys []float64
		for _, p := range s.points {
			xs = append(xs, x.at(p.Customers))
			ys = append(ys, y.at(p.Value))
		}
		c.path(xs, ys, s.color, "")
	}
	// Labels of the marks go under the curves to their right, one below the other.
	row := 0
	for _, s := range k.curves {
		if s.mark == (Point{}) {
			continue
		}
		mx, my := x.at(s.mark.Customers), y.at(s.mark.Value)
		c.circle(mx, my, 4.5, s.color, s.label)
		ty := y.at(0.30) + float64(row)*18
		c.rect(x.at(1)-12, ty-10, 10, 10, s.color, ` rx="5"`, "")
		c.text(x.at(1)-18, ty-1, "end", "value", s.label)
		row++
	}
	return c
}

// triangleRow is one cohort: its name, its size and the cells after period 0.
type triangleRow struct {
	name, brief     string
	size, sizeBrief string
	shares          []float64 // by age from 1
	open            int       // index into shares that is not over, -1: none
	tips            []string
	total           bool // the row of averages
}

// triangle draws the retention of cohorts.
type triangle struct {
	head, headBrief         string
	sizeHead, sizeHeadBrief string
	ageHead                 string
	rows                    []triangleRow
	ages                    int
	most                    float64 // the share that gets the darkest blue
	pct                     func(float64) string
}

func (k triangle) draw(width float64) *canvas {
	narrow := width < 600
	nameWidth, sizeWidth, h, top := 104.0, 78.0, 27.0, 44.0
	ages := k.ages
	if narrow {
		nameWidth, sizeWidth = 50, 50
		k.head, k.sizeHead = k.headBrief, k.sizeHeadBrief
		ages = min(ages, 8)
	}
	w := min((width-nameWidth-sizeWidth)/float64(max(ages, 1)), 92)
	c := &canvas{width: width, height: top + h*float64(len(k.rows)) + 8}
	c.text(0, 33, "start", "label strong", clip(k.head, 12, nameWidth))
	c.text(nameWidth+sizeWidth-12, 33, "end", "label strong", clip(k.sizeHead, 12, sizeWidth))
	c.text(nameWidth+sizeWidth, 12, "start", "label", k.ageHead)
	for a := range ages {
		c.text(nameWidth+sizeWidth+w*(float64(a)+0.5), 33, "middle", "label strong", printer{}.n(int64(a+1)))
	}
	for i, r := range k.rows {
		y := top + h*float64(i)
		name, class := r.name, "label"
		if narrow {
			name = r.brief
		}
		if r.total {
			y += 4
			class = "label strong"
		}
		c.text(0, y+18, "start", class, name)
		size := r.size
		if narrow {
			size = r.sizeBrief
		}
		c.text(nameWidth+sizeWidth-12, y+18, "end", class, size)
		for a := range min(ages, len(r.shares)) {
			share := r.shares[a]
			if math.IsNaN(share) {
				continue
			}
			fill, text := heat(share / max(k.most, 1e-9))
			x := nameWidth + sizeWidth + w*float64(a)
			extra := ` rx="2"`
			if a == r.open {
				fill, text = "#fff", "onLight open"
				extra += ` stroke="#9fb0c0" stroke-dasharray="3 2"`
			}
			c.rect(x+1, y+1, w-2, h-2, fill, extra, r.tips[a])
			label := k.pct(share)
			if narrow {
				label = strings.TrimSuffix(label, "%")
			}
			c.text(x+w/2, y+18, "middle", "cellsub "+text, label)
		}
	}
	return c
}

// figure is a picture in both widths, ready for the page.
type figure struct {
	Wide, Narrow template.HTML
}

func (draw picture) figure(id, title, desc string, wide float64) figure {
	return figure{
		Wide:   draw(wide).svg(id+"-w", title, desc),
		Narrow: draw(narrowWidth).svg(id+"-n", title, desc),
	}
}

// narrowWidth is what a phone has between the margins of the page.
const narrowWidth = 352
