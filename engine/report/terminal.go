package report

import (
	"bufio"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	pretty "github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"clientele/engine/table"
)

// writeTable writes rows for people at a terminal: numbers to the right and
// rounded alike within a column, wide characters counted as two, a missing
// value left empty, control characters made visible so that data cannot steer
// the terminal. The rules are ASCII because terminals disagree about the width
// of drawn ones.
func writeTable(w *bufio.Writer, t *table.Table, opt Options) error {
	columns := t.Columns()
	out := pretty.NewWriter()
	style := pretty.StyleDefault
	style.Options = pretty.Options{SeparateColumns: true, SeparateHeader: true}
	style.Box.MiddleVertical = " "
	style.Box.MiddleSeparator = " "
	style.Box.PaddingLeft, style.Box.PaddingRight = "", ""
	style.Format.Header = text.FormatDefault
	out.SetStyle(style)

	header := make(pretty.Row, len(columns))
	configs := make([]pretty.ColumnConfig, len(columns))
	places := make([]int, len(columns))
	for i, c := range columns {
		header[i] = visible(c.Name)
		configs[i] = pretty.ColumnConfig{Number: i + 1}
		if numeric(c.Kind) {
			configs[i].Align, configs[i].AlignHeader = text.AlignRight, text.AlignRight
		}
		if c.Kind == table.Float || c.Kind == table.Decimal {
			places[i] = decimals(c)
		}
	}
	out.AppendHeader(header)
	out.SetColumnConfigs(configs)
	for row := range t.Rows() {
		cells := make(pretty.Row, len(columns))
		for i, c := range columns {
			cells[i] = cell(c, row, places[i], opt.Zone)
		}
		out.AppendRow(cells)
	}
	for line := range strings.Lines(out.Render() + "\n") {
		if _, err := w.WriteString(strings.TrimRight(line, " \n") + "\n"); err != nil {
			return err
		}
	}
	return nil
}

func numeric(k table.Kind) bool {
	return k == table.Float || k == table.Int || k == table.Decimal
}

// decimals is how many decimal places a column of numbers is shown with: two
// for money; otherwise as few as tell its values, and no more than make about
// four digits of the greatest one. What is whole has none.
func decimals(c *table.Column) int {
	if money(c) {
		return 2
	}
	greatest := 0.0
	for row := range c.Len() {
		if v := number(c, row); !c.Missing(row) && !math.IsInf(v, 0) {
			greatest = max(greatest, math.Abs(v))
		}
	}
	most := 4
	switch {
	case c.Kind == table.Decimal: // exact as it stands
	case greatest >= 100:
		most = 2
	case greatest >= 10:
		most = 3
	}
	places := 0
	for row := range c.Len() {
		if v := number(c, row); !c.Missing(row) && !math.IsInf(v, 0) {
			for places < most && !shows(v, places) {
				places++
			}
		}
	}
	return places
}

// shows reports whether so many decimal places say what v is, apart from the
// noise of its last binary digits.
func shows(v float64, places int) bool {
	scaled := v * math.Pow10(places)
	return math.Abs(scaled-math.Round(scaled)) <= 1e-12*max(1, math.Abs(scaled))
}

// money reports whether a column holds amounts: by its unit, or by a word of
// its name where the name does not end in that of a ratio.
func money(c *table.Column) bool {
	if c.Unit != "" {
		return c.Unit == "money"
	}
	words := strings.Split(strings.ToLower(c.Name), "_")
	switch words[len(words)-1] {
	case "share", "rate", "ratio", "percent", "rank", "score", "orders", "customers", "days", "rows", "count":
		return false
	}
	return slices.ContainsFunc(words, func(w string) bool {
		switch w {
		case "net", "gross", "revenue", "sales", "amount", "value", "clv", "spend", "price", "cost", "discount", "tax", "shipping", "refunds", "refunded", "money":
			return true
		}
		return false
	})
}

func number(c *table.Column, row int) float64 {
	switch c.Kind {
	case table.Float:
		return c.Floats[row]
	case table.Decimal:
		return float64(c.Ints[row]) / table.DecimalScale
	}
	return float64(c.Ints[row])
}

// bound is what a terminal shows of an estimate that is nearer to 0 or 1 than anybody
// can know, such as a probability of 1e-12; empty where v has to be shown as it is.
func bound(c *table.Column, v float64, places int) string {
	least := math.Pow10(-places)
	switch kind := estimate(c); {
	case kind == "", math.IsInf(v, 0):
		return ""
	case kind == "p":
		if least = 1e-16; v >= 0 && v < least {
			return "<1e-16"
		}
		return ""
	case v > 0 && v < least/2:
		return "<" + strconv.FormatFloat(least, 'f', places, 64)
	case kind != "forecast" && v < 1 && v > 1-least/2 && places > 0:
		return ">" + strconv.FormatFloat(1-least, 'f', places, 64)
	}
	return ""
}

// estimate is what kind of an estimate a column holds: a probability, a p (of a test),
// a forecast of orders or money, or an outlook, which has both probabilities and
// forecasts; empty for all else.
func estimate(c *table.Column) string {
	switch c.Unit {
	case "probability", "forecast", "outlook", "p":
		return c.Unit
	case "":
	default:
		return ""
	}
	switch c.Name {
	case "p_alive", "churn_risk", "no_purchase":
		return "probability"
	case "p":
		return "p"
	case "expected_orders", "expected_orders_low", "expected_orders_high", "clv", "clv_low", "clv_high":
		return "forecast"
	}
	return ""
}

// cell is one value as a terminal shows it.
func cell(c *table.Column, row, places int, zone *time.Location) string {
	if c.Missing(row) {
		return ""
	}
	switch c.Kind {
	case table.Decimal:
		return decimalText(c.Ints[row], places)
	case table.Float:
		v := c.Floats[row]
		if text := bound(c, v, places); text != "" {
			return text
		}
		if a := math.Abs(v); a >= 1e15 || a > 0 && a < math.Pow10(-places)/2 {
			return strconv.FormatFloat(v, 'g', 4, 64) // neither a wall of digits nor a false zero
		}
		return strconv.FormatFloat(v, 'f', places, 64)
	case table.Timestamp:
		return stamp(c.Ints[row], zone).Format(time.DateTime)
	}
	text := visible(string(appendExact(nil, c, row, zone)))
	if c.Name == "cut_points" {
		return listed(text)
	}
	return text
}

// listed shortens the numbers of a list such as 12.4 | 174.34799999999998 to
// four decimal places.
func listed(text string) string {
	const between = " | "
	parts := strings.Split(text, between)
	for i, part := range parts {
		if v, err := strconv.ParseFloat(part, 64); err == nil && math.Abs(v) < 1e15 && math.Abs(v) >= 1e-4 {
			parts[i] = strconv.FormatFloat(math.Round(v*1e4)/1e4, 'f', -1, 64)
		}
	}
	return strings.Join(parts, between)
}

// decimalText rounds units of 1/10,000 half away from zero, in integers; what
// would become a false zero keeps its digits.
func decimalText(units int64, places int) string {
	magnitude, sign := uint64(units), ""
	if units < 0 {
		magnitude, sign = -magnitude, "-"
	}
	step := uint64(math.Pow10(4 - min(places, 4)))
	rounded := (magnitude + step/2) / step * step
	if rounded == 0 && magnitude != 0 {
		return string(appendDecimal(nil, units))
	}
	text := fmt.Sprintf("%s%d.%04d", sign, rounded/table.DecimalScale, rounded%table.DecimalScale)
	if places == 0 {
		return text[:len(text)-5]
	}
	return text[:len(text)-4+min(places, 4)]
}

// visible writes control and formatting characters as escapes and keeps
// everything else.
func visible(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	hidden := func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }
	if strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		case hidden(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
