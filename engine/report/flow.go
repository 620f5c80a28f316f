package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Flow is how customers went from segment to segment of one scheme over several days.
type Flow struct {
	Scheme   string // lifecycle, cluster, or rfm and a name
	Days     []int32
	Nodes    []Node   // segments in the order of their scheme, then places outside
	Steps    [][]Link // between each day and the next
	Warnings []Warning
}

// Node is a segment, or a place outside of all.
type Node struct {
	Label
	Outside bool // not scored, or in no segment
}

// Link is the customers who went from one node to another, by the nodes' places in
// Nodes; those who stayed went to where they were.
type Link struct {
	From, To  int
	Customers int64
}

// arranged has the stages of life in the order of a report. Places outside stay where
// they are.
func (f Flow) arranged() Flow {
	if f.Scheme != "lifecycle" {
		return f
	}
	var inside []int
	for i, n := range f.Nodes {
		if !n.Outside {
			inside = append(inside, i)
		}
	}
	stages := stageKeys()
	rank := func(place int) int {
		if at := slices.Index(stages, f.Nodes[place].Key); at >= 0 {
			return at
		}
		return len(stages)
	}
	sorted := slices.Clone(inside)
	slices.SortStableFunc(sorted, func(a, b int) int { return rank(a) - rank(b) })
	nodes, place := slices.Clone(f.Nodes), make([]int, len(f.Nodes))
	for i := range place {
		place[i] = i
	}
	for k, from := range sorted {
		nodes[inside[k]], place[from] = f.Nodes[from], inside[k]
	}
	steps := make([][]Link, len(f.Steps))
	for s, links := range f.Steps {
		for _, l := range links {
			if f.valid(l) {
				steps[s] = append(steps[s], Link{place[l.From], place[l.To], l.Customers})
			}
		}
	}
	f.Nodes, f.Steps = nodes, steps
	return f
}

// change is what became of one segment in the last step of a flow.
type change struct {
	node                       int
	before, now, stayed, moved int64 // moved: to another segment
}

func (c change) left() int64    { return c.before - c.stayed }
func (c change) entered() int64 { return c.now - c.stayed }

// last is the last step with its two days.
func (f Flow) last() (links []Link, from, to int32, ok bool) {
	n := len(f.Steps)
	if n == 0 || len(f.Days) != n+1 {
		return nil, 0, 0, false
	}
	return f.Steps[n-1], f.Days[n-1], f.Days[n], true
}

func (f Flow) valid(l Link) bool {
	return l.Customers > 0 && l.From >= 0 && l.From < len(f.Nodes) && l.To >= 0 && l.To < len(f.Nodes)
}

// changes are those of each segment in the last step.
func (f Flow) changes() []change {
	links, _, _, _ := f.last()
	all := make([]change, len(f.Nodes))
	for _, l := range links {
		if !f.valid(l) {
			continue
		}
		all[l.From].before += l.Customers
		all[l.To].now += l.Customers
		if l.From == l.To {
			all[l.From].stayed += l.Customers
		} else if !f.Nodes[l.To].Outside {
			all[l.From].moved += l.Customers
		}
	}
	var out []change
	for i, c := range all {
		if c.node = i; !f.Nodes[i].Outside && c.before+c.now > 0 {
			out = append(out, c)
		}
	}
	return out
}

// flowSection shows segments over time.
func (p printer) flows(d *Data) section {
	s := section{ID: "flow", Title: p.t("Segments over time", "客群变化")}
	for _, f := range d.Flows {
		f = f.arranged()
		if len(f.Steps) == 0 || len(f.Days) != len(f.Steps)+1 {
			continue
		}
		s.Blocks = append(s.Blocks, p.flowBlocks(f)...)
		for _, w := range f.Warnings {
			s.Notes = append(s.Notes, note{p.scheme(f.Scheme), p.text(w.Text)})
		}
	}
	if len(s.Blocks) == 0 {
		s.Missing = p.t("There is no earlier run to compare with: clientele score --from DATE --every month makes past runs.",
			"没有更早的评分可供比较：clientele score --from 日期 --every month 可补算历史。")
		return s
	}
	s.Intro = p.t("Each band is the customers who went from one segment to another between two days on which everybody was scored; pale bands stayed where they were. Earlier days are as they were scored then.",
		"每条色带是两次评分之间从一个客群转到另一个客群的客户；浅色为留在原客群的客户。较早日期采用当时的评分结果。")
	return s
}

// scheme names a scheme of segments.
func (p printer) scheme(key string) string {
	kind, _, _ := strings.Cut(key, " ")
	switch kind {
	case "lifecycle":
		return p.t("Lifecycle stages", "生命周期阶段")
	case "rfm":
		return p.t("RFM segments", "RFM 客户分层")
	case "cluster":
		return p.t("Clusters", "聚类分群")
	}
	return key
}

func (p printer) flowBlocks(f Flow) []block {
	kind, _, _ := strings.Cut(f.Scheme, " ")
	chart := flowChart{flow: f, p: p}
	title := p.f("%s: who went where", "%s：客户流向", p.scheme(f.Scheme))
	picture := p.block("flow-"+kind, title, p.flowWords(f), fullWidth, chart.draw)
	_, from, to, _ := f.last()
	g := &grid{
		Head: []string{p.t("Segment", "客群"), p.day(from), p.t("Left", "离开"), p.t("Entered", "进入"), p.day(to), p.t("Change", "变化"), p.t("Stayed", "留存")},
	}
	g.Numbers = []bool{false, true, true, true, true, true, true}
	for _, c := range f.changes() {
		g.Rows = append(g.Rows, []string{p.text(f.Nodes[c.node].Text), p.n(c.before), p.n(c.left()), p.n(c.entered()), p.n(c.now), p.gain(c.now - c.before), p.pct(share(c.stayed, c.before))})
	}
	return []block{picture, {Title: p.f("%s: who came and who left, %s to %s", "%s：进入与离开，%s 至 %s", p.scheme(f.Scheme), p.day(from), p.day(to)), Table: g}}
}

// gain is a whole number with its sign.
func (p printer) gain(v int64) string {
	switch {
	case v > 0:
		return "+" + p.n(v)
	case v < 0:
		return "−" + p.n(-v)
	}
	return "0"
}

// day is a day where there is little room: 31 May 2026, 2026-05-31.
func (p printer) day(d int32) string {
	if p.zh {
		return day(d).Format("2006-01-02")
	}
	return day(d).Format("2 Jan 2006")
}

// toldMoves is how many moves are told in words.
const toldMoves = 3

// flowWords tells the last step.
func (p printer) flowWords(f Flow) string {
	links, from, to, _ := f.last()
	var before, stayed, moved int64
	sizes := make([]int64, len(f.Nodes))
	for _, c := range f.changes() {
		sizes[c.node] = c.before
		before, stayed, moved = before+c.before, stayed+c.stayed, moved+c.moved
	}
	var moves []Link
	for _, l := range links {
		if f.valid(l) && l.From != l.To && !f.Nodes[l.From].Outside && !f.Nodes[l.To].Outside {
			moves = append(moves, l)
		}
	}
	slices.SortStableFunc(moves, func(a, b Link) int { return int(b.Customers - a.Customers) })
	words := p.f("Of %s on %s, %s were where they had been by %s, and %s went to another segment.", "%[2]s的 %[1]s中，到%[4]s有 %[3]s 留在原客群，%[5]s 转入其他客群。",
		p.customers(before), p.date(from), p.pct(share(stayed, before)), p.date(to), p.pct(share(moved, before)))
	var told []string
	for _, l := range moves[:min(len(moves), toldMoves)] {
		a, b := p.text(f.Nodes[l.From].Text), p.text(f.Nodes[l.To].Text)
		told = append(told, p.f("%s to %s, %s (%s of %s)", "“%s”转入“%s” %s 位（占原“%[5]s”的 %[4]s）", a, b, p.n(l.Customers), p.pct(share(l.Customers, sizes[l.From])), a))
	}
	if len(told) > 0 {
		words += p.f(" The most went from %s.", "转移最多的是%s。", strings.Join(told, p.t("; from ", "，")))
	}
	return words
}

// flowChart draws a flow: a column of nodes for each day, bands between them. Where
// there is little room only the last step.
type flowChart struct {
	flow Flow
	p    printer
}

// flowNode is a node in a column: its place, and how much of it bands have taken.
type flowNode struct {
	customers, in, out int64
	top, height        float64
	takenIn, takenOut  float64
}

func (k flowChart) draw(width float64) *canvas {
	f := k.flow
	narrow := width < 600
	if narrow && len(f.Steps) > 1 {
		f.Steps, f.Days = f.Steps[len(f.Steps)-1:], f.Days[len(f.Days)-2:]
	}
	columns := flowColumns(f)
	gap, nodeWidth, top, room := 15.0, 13.0, 30.0, 330.0
	if narrow {
		gap, room = 28, 300
	}
	least := 0.0
	for _, n := range f.Nodes {
		least = max(least, textWidth(k.p.text(n.Text)+" 000,000", 12))
	}
	side := min(least+8, width*0.21)
	if narrow {
		side = width * 0.27
	}
	scale, tallest := 0.0, 0.0
	for _, nodes := range columns {
		all := int64(0)
		for _, n := range nodes {
			all += n.customers
		}
		if all > 0 && (scale == 0 || room/float64(all) < scale) {
			scale = room / float64(all)
		}
	}
	for _, nodes := range columns {
		y := top
		for i := range nodes {
			if nodes[i].customers == 0 {
				continue
			}
			nodes[i].top, nodes[i].height = y+gap/2, float64(nodes[i].customers)*scale
			y += nodes[i].height + gap
		}
		tallest = max(tallest, y)
	}
	c := &canvas{width: width, height: tallest + 4}
	x := func(column int) float64 {
		return side + (width-2*side-nodeWidth)*float64(column)/float64(max(len(columns)-1, 1))
	}
	for s, links := range f.Steps {
		k.bands(c, f, links, columns[s], columns[s+1], x(s)+nodeWidth, x(s+1), scale, s)
	}
	for j, nodes := range columns {
		anchor, at := "middle", x(j)+nodeWidth/2
		switch j {
		case 0:
			anchor, at = "start", x(j)
		case len(columns) - 1:
			anchor, at = "end", x(j)+nodeWidth
		}
		c.text(at, 13, anchor, "label strong", k.p.day(f.Days[j]))
		for i, n := range nodes {
			if n.customers == 0 {
				continue
			}
			name := k.p.text(f.Nodes[i].Text)
			c.rect(x(j), n.top, nodeWidth, max(n.height, 1), flowColor(f, i), ` rx="1.5"`, k.p.day(f.Days[j])+" · "+name+": "+k.p.customers(n.customers))
			k.label(c, j, len(columns), x(j), nodeWidth, side, n, name, narrow)
		}
	}
	return c
}

// label writes the name and the number beside a node of the first and the last
// column, and the number alone where there is room in those between.
func (k flowChart) label(c *canvas, column, columns int, x, nodeWidth, side float64, n flowNode, name string, narrow bool) {
	number := k.p.n(n.customers)
	middle := n.top + max(n.height, 1)/2 + 4
	anchor, at := "end", x-6
	switch {
	case column == columns-1:
		anchor, at = "start", x+nodeWidth+6
	case column > 0:
		if n.height >= 13 {
			c.text(x+nodeWidth+5, middle, "start", "tick halo", number)
		}
		return
	}
	if narrow {
		c.text(at, middle-7, anchor, "label", clip(name, 12, side-6))
		c.text(at, middle+7, anchor, "tick", number)
		return
	}
	name = clip(name, 12, side-textWidth(" "+number, 12)-8)
	c.named(at, middle, anchor, name, number)
}

// named writes a name and a paler number after it.
func (c *canvas) named(x, y float64, anchor, name, number string) {
	fmt.Fprintf(&c.b, `<text x="%s" y="%s" text-anchor="%s"><tspan class="label">%s</tspan><tspan class="tick" dx="6">%s</tspan></text>`, px(x), px(y), anchor, escaped(name), escaped(number))
}

// thinnest is the least width of a band that is drawn, in pixels.
const thinnest = 0.25

// bands draws the links of a step from the right edges of one column to the left
// edges of the next: those who stayed first, so that moves lie above them.
func (k flowChart) bands(c *canvas, f Flow, links []Link, from, to []flowNode, x0, x1, scale float64, step int) {
	type band struct {
		link   Link
		y0, y1 float64
	}
	ordered := slices.Clone(links)
	slices.SortStableFunc(ordered, func(a, b Link) int {
		if a.From != b.From {
			return a.From - b.From
		}
		return a.To - b.To
	})
	var bands []band
	for _, l := range ordered {
		if !f.valid(l) {
			continue
		}
		a := &from[l.From]
		bands = append(bands, band{link: l, y0: a.top + a.takenOut})
		a.takenOut += float64(l.Customers) * scale
	}
	slices.SortStableFunc(bands, func(a, b band) int {
		if a.link.To != b.link.To {
			return a.link.To - b.link.To
		}
		return a.link.From - b.link.From
	})
	for i := range bands {
		b := &to[bands[i].link.To]
		bands[i].y1 = b.top + b.takenIn
		b.takenIn += float64(bands[i].link.Customers) * scale
	}
	slices.SortStableFunc(bands, func(a, b band) int {
		stays := func(l Link) int { return map[bool]int{true: 0, false: 1}[l.From == l.To] }
		return stays(a.link) - stays(b.link)
	})
	for _, b := range bands {
		h := float64(b.link.Customers) * scale
		if h < thinnest {
			continue
		}
		opacity := ".5"
		if b.link.From == b.link.To {
			opacity = ".16"
		}
		tip := k.p.f("%s to %s: %s", "%s → %s：%s", k.p.text(f.Nodes[b.link.From].Text), k.p.text(f.Nodes[b.link.To].Text), k.p.customers(b.link.Customers))
		c.band(x0, b.y0, x1, b.y1, h, flowColor(f, b.link.From), opacity, tip)
	}
}

// band draws a band of a height that swings from one level to another.
func (c *canvas) band(x0, y0, x1, y1, h float64, fill, opacity, tip string) {
	m := px((x0 + x1) / 2)
	fmt.Fprintf(&c.b, `<path d="M%s %sC%s %s %s %s %s %sV%sC%s %s %s %s %s %sZ" fill="%s" fill-opacity="%s"`,
		px(x0), px(y0), m, px(y0), m, px(y1), px(x1), px(y1), px(y1+h), m, px(y1+h), m, px(y0+h), px(x0), px(y0+h), fill, opacity)
	c.end("path", tip)
}

// flowColumns are the nodes of each day: who came, or who goes on, whichever are more.
func flowColumns(f Flow) [][]flowNode {
	columns := make([][]flowNode, len(f.Days))
	for j := range columns {
		columns[j] = make([]flowNode, len(f.Nodes))
	}
	for s, links := range f.Steps {
		for _, l := range links {
			if f.valid(l) {
				columns[s][l.From].out += l.Customers
				columns[s+1][l.To].in += l.Customers
			}
		}
	}
	for j := range columns {
		for i := range columns[j] {
			n := &columns[j][i]
			n.customers = max(n.in, n.out)
		}
	}
	return columns
}

// flowColor is the colour of a node: from the first of a scheme to its last from
// blue over green and amber to red and grey.
func flowColor(f Flow, node int) string {
	if f.Nodes[node].Outside {
		return "#b3bdc7"
	}
	place, inside := 0, 0
	for i, n := range f.Nodes {
		if n.Outside {
			continue
		}
		if i < node {
			place++
		}
		inside++
	}
	return ramp(float64(place) / float64(max(inside-1, 1)))
}

// ramp is a colour for a place in [0,1].
func ramp(at float64) string {
	stops := [][3]float64{{0x1f, 0x5c, 0x99}, {0x4b, 0x94, 0xb8}, {0x5f, 0x9f, 0x86}, {0xe2, 0xb0, 0x4a}, {0xd2, 0x69, 0x1e}, {0xb5, 0x4a, 0x4a}, {0x8a, 0x83, 0x92}}
	v := min(max(at, 0), 1) * float64(len(stops)-1)
	k := min(int(v), len(stops)-2)
	var mix [3]int
	for i := range mix {
		mix[i] = int(math.Round(stops[k][i] + (v-float64(k))*(stops[k+1][i]-stops[k][i])))
	}
	return fmt.Sprintf("#%02x%02x%02x", mix[0], mix[1], mix[2])
}
