package report

import (
	"bufio"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
)

//go:embed page.tmpl
var pageText string

//go:embed page.css
var pageStyle string

// page is what the template shows.
type page struct {
	Lang, Title, Shop, AsOf, AsOfLabel string
	Meta                               []string // currency, program, time zone
	Style                              template.CSS
	Findings                           []string
	FindingsTitle                      string
	WarningsLine                       string // how many warnings there are; empty: none
	Tiles                              []tile
	Sections                           []section
	Foot                               string
}

// tile is one headline figure.
type tile struct {
	Label, Value, Note string
}

// section is one chapter of the page.
type section struct {
	ID, Title string
	Intro     string
	Sub       bool   // of the section before it
	Missing   string // why there is nothing to show
	Blocks    []block
	Notes     []note
	Terms     []term
}

// block is a picture or a table with its sentence.
type block struct {
	Title   string
	Half    bool // takes half of a wide page
	Figure  *figure
	Table   *grid
	Caption string
	Missing string
}

// grid is a table of texts.
type grid struct {
	Head    []string
	Numbers []bool // by column: aligned to the right
	Rows    [][]string
}

// note is one warning.
type note struct {
	Source, Text string
}

// term is one definition.
type term struct {
	Name, Text string
}

// HTML writes the report as one self-contained page in English (lang "en") or
// Chinese ("zh"). The same Data gives the same bytes.
func HTML(w io.Writer, d *Data, lang string) error {
	if lang != "en" && lang != "zh" {
		return fmt.Errorf("unknown report language %q: want en, zh", lang)
	}
	t, err := template.New("page").Funcs(template.FuncMap{"numberClass": numberClass}).Parse(pageText)
	if err != nil {
		return err
	}
	p := printer{zh: lang == "zh", currency: d.Currency}
	out := bufio.NewWriter(w)
	if err := t.Execute(out, newPage(p, d)); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return out.Flush()
}

// numberClass is the class of a cell with a number; one with several, such as an interval, may be
// broken between them where the page is narrow.
func numberClass(cell string) string {
	if strings.Contains(cell, " ") {
		return "number span"
	}
	return "number"
}

// oneMinus gives the sentences of the page the minus sign of its tables and pictures.
func (pg *page) oneMinus() {
	each := func(texts []string) {
		for i := range texts {
			texts[i] = minus(texts[i])
		}
	}
	each(pg.Findings)
	for i := range pg.Sections {
		s := &pg.Sections[i]
		s.Intro, s.Missing = minus(s.Intro), minus(s.Missing)
		for k := range s.Notes {
			s.Notes[k].Text = minus(s.Notes[k].Text)
		}
		for k := range s.Blocks {
			b := &s.Blocks[k]
			b.Caption, b.Missing = minus(b.Caption), minus(b.Missing)
			if b.Table == nil {
				continue
			}
			for _, row := range b.Table.Rows {
				each(row)
			}
		}
	}
}

func newPage(p printer, d *Data) page {
	warnings := p.warnings(d)
	pg := page{
		Lang:          p.t("en", "zh-CN"),
		Title:         p.t("Customer report", "客户分析报告"),
		Shop:          d.Shop,
		AsOf:          p.date(d.AsOf),
		AsOfLabel:     p.t("As of", "数据截至"),
		Style:         template.CSS(pageStyle),
		Findings:      p.findings(d),
		FindingsTitle: p.t("In short", "要点"),
		Tiles:         p.tiles(d),
		Sections: slices.Concat(
			[]section{p.revenue(d), p.segments(d), p.lifecycle(d)}, p.own(d),
			[]section{p.flows(d), p.value(d), p.churn(d), p.retention(d)},
			p.campaigns(d),
			[]section{p.lists(d), p.check(d), p.past(d), p.models(d), p.quality(d), warnings, p.definitions(d)},
		),
	}
	if n := len(warnings.Notes); n > 0 {
		pg.WarningsLine = p.f("This report carries %s.", "本报告包含 %s。", p.of(int64(n), "warning", "warnings", "条警告"))
	}
	if d.Currency != "" {
		pg.Meta = append(pg.Meta, p.f("Amounts in %s", "金额单位：%s", d.Currency))
	}
	if h := d.Headline; h.Orders > 0 {
		pg.Meta = append(pg.Meta, p.f("Orders from %s to %s", "订单：%s 至 %s", p.date(h.FirstOn), p.date(h.LastOn)))
	}
	if d.Zone != "" {
		pg.Meta = append(pg.Meta, p.f("Days in %s", "时区：%s", d.Zone))
	}
	pg.Foot = p.f("Made by Clientele %s from the facts dated up to %s.", "由 Clientele %s 根据截至 %s 的数据生成。", d.Version, p.date(d.AsOf))
	if d.Version == "" {
		pg.Foot = p.f("Made by Clientele from the facts dated up to %s.", "由 Clientele 根据截至 %s 的数据生成。", p.date(d.AsOf))
	}
	pg.oneMinus()
	return pg
}
