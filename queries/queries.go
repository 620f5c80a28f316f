// Package queries holds the engine's SQL, one question per file. The file name
// is the query's name, and the comment at its head is its contract:
//
//	-- Orders and net revenue of each month.
//	-- grain:  month
//	-- reads:  orders, bounds
//	-- gives:  month DATE, orders BIGINT, net_revenue DOUBLE
//
// A line that begins with none of these words continues the one above it.
// Files under schema/ make tables and views; they have a description only. Those
// under check/ give the rows that are wrong and also say how bad that is:
//
//	-- severity: warning
package queries

import (
	"embed"
	"fmt"
	"path"
	"strings"
)

//go:embed */*.sql
var files embed.FS

// Query is one file.
type Query struct {
	Name  string   // folder and file without its ending: "report/monthly"
	Doc   string   // what it asks, in one paragraph
	Grain []string // columns that identify a row; empty: one row, or not stated
	Reads []string // tables and views
	Gives []Column // columns of the result, in order
	// Severity says what rows of a check mean: error, the store cannot be
	// trusted, or warning, somebody should look. Empty for other queries.
	Severity string
	SQL      string // the whole file
}

// Column is one column of a result.
type Column struct {
	Name string
	Type string // DuckDB's name of the type: BIGINT, DECIMAL(18,4)
}

// Base is the name without the folder.
func (q Query) Base() string { return path.Base(q.Name) }

// Get returns the query of that name, such as "report/monthly". It panics when
// there is none or its header is broken: names are written in the program, and
// a test reads every header.
func Get(name string) Query {
	text, err := files.ReadFile(name + ".sql")
	if err != nil {
		panic(fmt.Sprintf("queries: no query %q", name))
	}
	q, err := parse(name, string(text))
	if err != nil {
		panic(fmt.Sprintf("queries: %v", err))
	}
	return q
}

// List returns the queries of a folder in order of their names; none when
// there is no such folder.
func List(folder string) []Query {
	entries, err := files.ReadDir(folder)
	if err != nil {
		return nil
	}
	var list []Query
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".sql"); ok {
			list = append(list, Get(folder+"/"+name))
		}
	}
	return list
}

// parse reads the header of a file: its first lines that are comments.
func parse(name, text string) (Query, error) {
	q := Query{Name: name, SQL: text}
	parts := map[string][]string{}
	key := "doc"
	for line := range strings.Lines(text) {
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "--")
		if !ok {
			break
		}
		comment = strings.TrimSpace(comment)
		for _, k := range []string{"grain", "reads", "gives", "severity"} {
			if rest, ok := strings.CutPrefix(comment, k+":"); ok {
				if _, twice := parts[k]; twice {
					return q, fmt.Errorf("%s: header says %s twice", name, k)
				}
				key, comment = k, strings.TrimSpace(rest)
			}
		}
		parts[key] = append(parts[key], comment)
	}
	q.Doc = strings.Join(parts["doc"], " ")
	if q.Doc == "" {
		return q, fmt.Errorf("%s: no comment at its head", name)
	}
	q.Grain = items(parts["grain"])
	q.Reads = items(parts["reads"])
	q.Severity = strings.Join(parts["severity"], " ")
	for _, item := range items(parts["gives"]) {
		column, kind, ok := strings.Cut(item, " ")
		if !ok {
			return q, fmt.Errorf("%s: %q in gives has no type", name, item)
		}
		q.Gives = append(q.Gives, Column{Name: strings.Trim(column, `"`), Type: strings.TrimSpace(kind)})
	}
	return q, nil
}

// items splits at commas that are not inside parentheses: DECIMAL(18,4) is one.
func items(lines []string) []string {
	var list []string
	var depth, start int
	text := strings.Join(lines, " ")
	add := func(s string) {
		if s = strings.TrimSpace(s); s != "" {
			list = append(list, s)
		}
	}
	for i, r := range text {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth == 0:
			add(text[start:i])
			start = i + 1
		}
	}
	add(text[start:])
	return list
}
