package segment

import (
	_ "embed"

	"clientele/engine/table"
)

//go:embed guide.en.txt
var guideEn string

//go:embed guide.zh.txt
var guideZh string

// Guide is the language on one page, in English (en) or Chinese (zh).
func Guide(lang string) string {
	if lang == "zh" {
		return guideZh
	}
	return guideEn
}

// Names are what rules may name, one a row: the columns of the catalogue, measures of
// facts, and segments; name, kind and meaning, in English (en) or Chinese (zh).
func (c Catalogue) Names(lang string) *table.Table {
	name, kind, meaning := textColumn("name"), textColumn("kind"), textColumn("meaning")
	add := func(n, k, en, zh string) {
		name.Texts.AppendString(n)
		kind.Texts.AppendString(k)
		if lang == "zh" {
			en = zh
		}
		meaning.Texts.AppendString(en)
	}
	for _, d := range c.Columns {
		add(d.Name, d.Kind.name(lang), d.En, d.Zh)
	}
	add(Age, Number.name(lang), "Completed years since birth_date.", "周岁，由 birth_date 得出。")
	for _, a := range c.Attributes {
		add((&Rule{Root: Test{Of: Attribute{a}}}).String(), say(lang, "attribute", "属性"), "Attribute of customers.", "客户属性。")
	}
	for _, m := range measures() {
		add(m.name, say(lang, "facts", "事实"), m.en, m.zh)
	}
	for _, s := range c.Segments {
		add(quoted(s.Name), say(lang, "segment", "客群"), s.Scheme, s.Scheme)
	}
	return table.New(name, kind, meaning)
}

func textColumn(name string) *table.Column {
	return table.NewColumn(table.Field{Name: name, Kind: table.Text}, 0)
}

func say(lang, en, zh string) string {
	if lang == "zh" {
		return zh
	}
	return en
}

func (k Kind) name(lang string) string {
	switch k {
	case Text:
		return say(lang, "text", "文字")
	case Date:
		return say(lang, "date", "日期")
	case Truth:
		return say(lang, "yes or no", "是否")
	}
	return say(lang, "number", "数字")
}
