package segment

import (
	"database/sql"
	"strings"
)

// Asked is a text that something has to be equal to. Values is a query for all that
// there are of it, in a column named value; what it reads beside facts, products and
// campaigns is CustomersTable or scores.
type Asked struct {
	Name   string // city, category, ...
	Text   string
	Values string
	Args   []any
	Table  Table // Customers where Values reads CustomersTable
}

// Asked are the texts of a rule that was checked with a catalogue, in their order.
func (r *Rule) Asked(cat Catalogue) []Asked { return asked(r.Root, cat) }

func asked(n Node, cat Catalogue) []Asked {
	var list []Node
	switch n := n.(type) {
	case And:
		list = n.Of
	case Or:
		list = n.Of
	case Not:
		return asked(n.Of, cat)
	case Test:
		return askedOf(n, cat)
	case InSegment:
		return askedOfOpen(n, cat)
	}
	var out []Asked
	for _, part := range list {
		out = append(out, asked(part, cat)...)
	}
	return out
}

func askedOf(n Test, cat Catalogue) []Asked {
	a := Asked{Table: Customers}
	switch of := n.Of.(type) {
	case Window:
		return askedOfFacts(of)
	case Column:
		info, _ := cat.column(of.Name)
		if info.Kind != Text {
			return nil
		}
		a.Name, a.Table = info.Name, info.Table
		a.Values = valuesSQL(info.sql(), CustomersTable+" AS k")
		if info.Table == Scores {
			a.Values = valuesSQL(info.sql(), "scores AS c")
		}
	case Attribute:
		a.Name, a.Args = "attribute "+of.Name, []any{sql.Named("pointer", Pointer(of.Name))}
		a.Values = valuesSQL("json_extract_string(k.attributes, $pointer)", CustomersTable+" AS k")
	case Tag:
		a.Name = "tag"
		a.Values = valuesSQL("unnest(regexp_split_to_array(k.tags, '["+separators+"]'))", CustomersTable+" AS k")
	}
	var out []Asked
	for _, v := range n.Values {
		if a.Text = v.Text; v.Kind == TextValue && n.Op != Like && n.Op != NotLike {
			out = append(out, a)
		}
	}
	return out
}

// askedOfOpen are the names of segments that only a run knows.
func askedOfOpen(n InSegment, cat Catalogue) []Asked {
	var out []Asked
	for _, name := range n.Names {
		if s := cat.find(name, n.Scheme); len(s) == 1 && s[0].open {
			out = append(out, Asked{Name: s[0].Scheme, Text: name, Values: valuesSQL("c."+quotedName(s[0].Column), "scores AS c")})
		}
	}
	return out
}

func askedOfFacts(w Window) []Asked {
	m, _ := measureOf(w.Measure)
	var out []Asked
	for _, f := range w.Filters {
		if f.Op == Like {
			continue
		}
		known := filterOf(m.facts, f.Noun)
		from := "facts.interactions AS f"
		switch {
		case known.lines:
			from = "products AS p"
		case known.placed:
			from = "facts.terms AS t"
		case known.campaigns:
			from = "campaigns AS f"
		}
		var parts []string
		for _, column := range known.columns {
			parts = append(parts, valuesSQL(column, from))
		}
		if known.campaigns {
			parts = append(parts, valuesSQL("f.name", from), valuesSQL("f.campaign_id", "facts.responses AS f"))
		}
		for _, v := range f.Values {
			out = append(out, Asked{Name: f.Noun, Text: v, Values: strings.Join(parts, " UNION ALL ")})
		}
	}
	return out
}

func valuesSQL(expression, from string) string {
	return "SELECT " + expression + " AS value FROM " + from
}
