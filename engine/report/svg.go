package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// The palette: one blue in three strengths for amounts, one orange for what is
// set against them, three colours for risk.
const (
	blue      = "#1f5c99"
	paleBlue  = "#9cc0e2"
	orange    = "#d2691e"
	lowRisk   = "#5f9f86"
	midRisk   = "#e2b04a"
	highRisk  = "#c4513d"
	ink       = "#1d2733"
	grey      = "#7d8a97"
	shade     = "#f4f7fa"
	heatEmpty = "#f4f6f8"
)

// canvas is one SVG picture in the making; lengths are CSS pixels.
type canvas struct {
	b             strings.Builder
	width, height float64
}

// escaped makes any text safe inside a picture: markup is escaped, and what XML
// cannot hold (control characters, broken UTF-8) becomes U+FFFD.
func escaped(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return '\ufffd'
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return html.EscapeString(s)
}

// px writes a length with at most one decimal; what is not finite becomes 0.
func px(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	s := strconv.FormatFloat(v, 'f', 1, 64)
	s = strings.TrimSuffix(s, ".0")
	if s == "-0" {
		return "0"
	}
	return s
}

// rect draws a box of a colour; tip, when there is one, shows under the pointer.
func (c *canvas) rect(x, y, w, h float64, fill, extra, tip string) {
	fmt.Fprintf(&c.b, `<rect x="%s" y="%s" width="%s" height="%s" fill="%s"%s`, px(x), px(y), px(max(w, 0)), px(max(h, 0)), fill, extra)
	c.end("rect", tip)
}

func (c *canvas) end(tag, tip string) {
	if tip == "" {
		c.b.WriteString("/>")
		return
	}
	fmt.Fprintf(&c.b, "><title>%s</title></%s>", escaped(tip), tag)
}

// line draws a straight line of a class: grid, axis, mark.
func (c *canvas) line(x1, y1, x2, y2 float64, class string) {
	fmt.Fprintf(&c.b, `<line x1="%s" y1="%s" x2="%s" y2="%s" class="%s"/>`, px(x1), px(y1), px(x2), px(y2), class)
}

// bar draws an interval: a thin upright line from low to high with feet.
func (c *canvas) bar(x, low, high float64, color string) {
	fmt.Fprintf(&c.b, `<path d="M%s %sV%sM%s %sH%sM%s %sH%s" fill="none" stroke="%s" stroke-width="1.2" opacity=".75"/>`,
		px(x), px(low), px(high), px(x-3), px(low), px(x+3), px(x-3), px(high), px(x+3), color)
}

// path draws a line through points.
func (c *canvas) path(xs, ys []float64, color, extra string) {
	if len(xs) == 0 {
		return
	}
	var d strings.Builder
	for i := range xs {
		d.WriteString(map[bool]string{true: "M", false: "L"}[i == 0])
		d.WriteString(px(xs[i]) + " " + px(ys[i]))
	}
	fmt.Fprintf(&c.b, `<path d="%s" fill="none" stroke="%s" stroke-width="2.2" stroke-linejoin="round" stroke-linecap="round"%s/>`, d.String(), color, extra)
}

func (c *canvas) circle(x, y, r float64, fill, tip string) {
	fmt.Fprintf(&c.b, `<circle cx="%s" cy="%s" r="%s" fill="%s" stroke="#fff" stroke-width="1.2"`, px(x), px(y), px(r), fill)
	c.end("circle", tip)
}

// text writes a line of text; anchor is start, middle or end, class the style.
func (c *canvas) text(x, y float64, anchor, class, s string) {
	fmt.Fprintf(&c.b, `<text x="%s" y="%s"`, px(x), px(y))
	if anchor != "start" {
		fmt.Fprintf(&c.b, ` text-anchor="%s"`, anchor)
	}
	fmt.Fprintf(&c.b, ` class="%s">%s</text>`, class, escaped(s))
}

// pair writes two texts one after the other, the second in a paler style,
// whatever the width of the first turns out to be.
func (c *canvas) pair(x, y float64, first, second string) {
	fmt.Fprintf(&c.b, `<text x="%s" y="%s"><tspan class="value">%s</tspan>`, px(x), px(y), escaped(first))
	if second != "" {
		fmt.Fprintf(&c.b, `<tspan class="tick" dx="7">%s</tspan>`, escaped(second))
	}
	c.b.WriteString("</text>")
}

// svg closes the picture. id is unique in the page; title and desc are read out
// to those who cannot see it.
func (c *canvas) svg(id, title, desc string) template.HTML {
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %s %s" style="max-width:%spx" role="img" aria-labelledby="%s-t %s-d" xmlns="http://www.w3.org/2000/svg"><title id="%s-t">%s</title><desc id="%s-d">%s</desc>%s</svg>`,
		px(c.width), px(c.height), px(c.width), id, id, id, escaped(title), id, escaped(desc), c.b.String()))
}

// textWidth estimates the width of a text of a size. It is generous: the
// reader's font is not known, and some are wide (DejaVu's digits are 0.64).
func textWidth(s string, size float64) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case r >= 0x2e80:
			w += 1
		case r == ' ' || r == '.' || r == ',' || r == '\'' || r == 'i' || r == 'l':
			w += 0.34
		case r == '%' || r == 'M' || r == 'W' || r == 'm' || r == 'w':
			w += 0.95
		case r >= 'A' && r <= 'Z':
			w += 0.72
		default:
			w += 0.64
		}
	}
	return w * size
}

// clip shortens a text to a width with an ellipsis.
func clip(s string, size, width float64) string {
	if textWidth(s, size) <= width {
		return s
	}
	runes := []rune(s)
	for len(runes) > 1 && textWidth(string(runes)+"…", size) > width {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ") + "…"
}

// axis maps values to lengths and has ticks at round values.
type axis struct {
	lo, hi   float64 // values at both ends
	from, to float64 // lengths at both ends
	ticks    []float64
}

// newAxis covers all values and zero with about n ticks.
func newAxis(values []float64, n int, whole bool) axis {
	lo, hi := 0.0, 0.0
	for _, v := range values {
		v = min(max(known(v), -1e300), 1e300) // so that their distance is a number
		lo, hi = min(lo, v), max(hi, v)
	}
	if hi == lo {
		hi = lo + 1
	}
	step := niceStep((hi-lo)/float64(n), whole)
	a := axis{lo: math.Floor(lo/step) * step, hi: math.Ceil(hi/step*(1-1e-12)) * step}
	if a.hi == a.lo || math.IsInf(a.hi-a.lo, 0) {
		a.hi = a.lo + step
	}
	count := min(int(math.Round((a.hi-a.lo)/step)), 3*n)
	for i := range count + 1 {
		a.ticks = append(a.ticks, a.lo+float64(i)*step)
	}
	return a
}

// niceStep is the least of 1, 2, 2.5, 5 times a power of ten that is not below v.
func niceStep(v float64, whole bool) float64 {
	if !(v > 0) || math.IsInf(v, 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	step := 10 * power
	for _, lead := range []float64{1, 2, 2.5, 5} {
		if lead*power >= v*(1-1e-9) {
			step = lead * power
			break
		}
	}
	if whole {
		step = max(1, math.Ceil(step))
	}
	return step
}

// at is the length that belongs to a value; what is beyond an end is at it.
func (a axis) at(v float64) float64 {
	v = min(max(known(v), a.lo), a.hi)
	return a.from + (v-a.lo)/(a.hi-a.lo)*(a.to-a.from)
}

// heat is a blue for a share in [0,1], and the colour of text on it.
func heat(share float64) (fill, text string) {
	share = min(max(known(share), 0), 1)
	stops := [][3]float64{{0xee, 0xf4, 0xfa}, {0xa9, 0xca, 0xe8}, {0x3f, 0x7d, 0xb8}, {0x17, 0x45, 0x78}}
	k := min(int(share*3), 2)
	part := share*3 - float64(k)
	var mix [3]int
	for i := range mix {
		mix[i] = int(math.Round(stops[k][i] + part*(stops[k+1][i]-stops[k][i])))
	}
	fill = fmt.Sprintf("#%02x%02x%02x", mix[0], mix[1], mix[2])
	if share > 0.56 {
		return fill, "onDark"
	}
	return fill, "onLight"
}
