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
	heatEmpty = "#f4f6f8"
)

// canvas is one SVG picture in the making; lengths are CSS pixels.
type canvas struct {
	b             strings.Builder
	width, height float64
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
	fmt.Fprintf(&c.b, "><title>%s</title></%s>", html.EscapeString(tip), tag)
}

// line draws a straight line of a class: grid, axis, mark.
func (c *canvas) line(x1, y1, x2, y2 float64, class string) {
	fmt.Fprintf(&c.b, `<line x1="%s" y1="%s" x2="%s" y2="%s" class="%s"/>`, px(x1), px(y1), px(x2), px(y2), class)
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
	fmt.Fprintf(&c.b, ` class="%s">%s</text>`, class, html.EscapeString(strings.ToValidUTF8(s, "\ufffd")))
}

// svg closes the picture. id is unique in the page; title and desc are read out
// to those who cannot see it.
func (c *canvas) svg(id, title, desc string) template.HTML {
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %s %s" style="max-width:%spx" role="img" aria-labelledby="%s-t %s-d" xmlns="http://www.w3.org/2000/svg"><title id="%s-t">%s</title><desc id="%s-d">%s</desc>%s</svg>`,
		px(c.width), px(c.height), px(c.width), id, id, id, html.EscapeString(title), id, html.EscapeString(desc), c.b.String()))
}

// textWidth estimates the width of a text of a size, on the generous side.
func textWidth(s string, size float64) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case r >= 0x2e80:
			w += 1
		case r == ' ' || r == '.' || r == ',' || r == '\'' || r == 'i' || r == 'l':
			w += 0.3
		case r >= 'A' && r <= 'Z' || r == '%' || r == 'm' || r == 'w':
			w += 0.72
		default:
			w += 0.57
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
		v = known(v)
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

// at is the length that belongs to a value.
func (a axis) at(v float64) float64 {
	return a.from + (known(v)-a.lo)/(a.hi-a.lo)*(a.to-a.from)
}

// heat is a blue for a share in [0,1], and the colour of text on it.
func heat(share float64) (fill, text string) {
	share = math.Sqrt(min(max(known(share), 0), 1)) // small shares differ visibly
	mix := func(from, to int) int { return from + int(math.Round(share*float64(to-from))) }
	fill = fmt.Sprintf("#%02x%02x%02x", mix(0xf0, 0x17), mix(0xf5, 0x4a), mix(0xfa, 0x80))
	if share > 0.55 {
		return fill, "onDark"
	}
	return fill, "onLight"
}
