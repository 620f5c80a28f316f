package database

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// selection is the table or the query of the settings.
type selection struct {
	table []string // schema, if any, and table
	query string
	quote byte // around names: " or `
}

func newSelection(at address, s Settings) (selection, error) {
	sel := selection{quote: '"'}
	if at.engine == mysqlEngine || at.engine == mariadbEngine {
		sel.quote = '`'
	}
	table, query := strings.TrimSpace(s.Table), strings.TrimRight(strings.TrimSpace(s.Query), "; \t\r\n")
	switch {
	case table == "" && query == "":
		return sel, errors.New("neither a table nor a query is given: name one of them")
	case table != "" && query != "":
		return sel, errors.New("a table and a query are given: name one of them")
	case s.After != "" && s.Watermark == "":
		return sel, errors.New("there is a value to read from, and no watermark column")
	case query != "":
		if !selects(query) {
			return sel, errors.New("the query is not one SELECT, and nothing else is run")
		}
		sel.query = query
		return sel, nil
	}
	var err error
	sel.table, err = splitName(table)
	return sel, err
}

// selects reports a statement whose first word begins a query. It is there for a
// clear word in good time; what keeps data safe is the read-only transaction.
func selects(query string) bool {
	rest := query
	for {
		rest = strings.TrimLeftFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || r == '(' })
		switch {
		case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "#"):
			_, rest, _ = strings.Cut(rest, "\n")
			continue
		case strings.HasPrefix(rest, "/*"):
			_, rest, _ = strings.Cut(rest, "*/")
			continue
		}
		break
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) })
	if end < 0 {
		end = len(rest)
	}
	return slices.Contains([]string{"SELECT", "WITH", "VALUES", "TABLE"}, strings.ToUpper(rest[:end]))
}

// splitName cuts schema.table, each part of which may stand in " or `, doubled
// inside.
func splitName(name string) ([]string, error) {
	bad := fmt.Errorf("%q is not the name of a table: write table or schema.table, a name with a dot inside in quotation marks", name)
	var parts []string
	for rest := name; ; {
		part := ""
		if q := rest[0]; q == '"' || q == '`' {
			end := 1
			for end < len(rest) && rest[end] != q || strings.HasPrefix(rest[end:], string([]byte{q, q})) {
				if rest[end] == q {
					end++
				}
				end++
			}
			if end >= len(rest) {
				return nil, bad
			}
			part = strings.ReplaceAll(rest[1:end], string([]byte{q, q}), string(q))
			rest = rest[end+1:]
		} else {
			end := strings.IndexByte(rest, '.')
			if end < 0 {
				end = len(rest)
			}
			part, rest = rest[:end], rest[end:]
		}
		parts = append(parts, part)
		if part == "" || strings.ContainsRune(part, 0) || len(parts) > 2 {
			return nil, bad
		}
		if rest == "" {
			return parts, nil
		}
		if rest[0] != '.' || len(rest) == 1 {
			return nil, bad
		}
		rest = rest[1:]
	}
}

// name quotes a name.
func (s selection) name(name string) string {
	q := string(s.quote)
	return q + strings.ReplaceAll(name, q, q+q) + q
}

// from is what stands behind FROM. The line end closes a comment at the end of a query.
func (s selection) from() string {
	if s.query != "" {
		return "(" + s.query + "\n) AS q"
	}
	quoted := make([]string, len(s.table))
	for i, part := range s.table {
		quoted[i] = s.name(part)
	}
	return strings.Join(quoted, ".")
}

// all reads every row.
func (s selection) all() string {
	if s.query != "" {
		return s.query
	}
	return "SELECT * FROM " + s.from()
}

// since reads the rows whose column is at least the value.
func (s selection) since(column, value string) string {
	return "SELECT * FROM " + s.from() + " WHERE " + s.name(column) + " >= " + value
}

// what names the selection in a sentence.
func (s selection) what() string {
	if s.query != "" {
		return "the query"
	}
	return "table " + strings.Join(s.table, ".")
}

// missing is the error about a table that is not there.
func (s selection) missing(names []string, err error) error {
	if s.query != "" || len(s.table) == 0 {
		return err
	}
	wanted := strings.Join(s.table, ".")
	if len(names) == 0 {
		return fmt.Errorf("there is no table %s, and no other that this user can see", wanted)
	}
	return fmt.Errorf("there is no table %s; the nearest are %s", wanted, listNear(wanted, names))
}

// listNear lists the names that are most like the one wanted, at most five.
func listNear(wanted string, names []string) string {
	type near struct {
		name     string
		distance int
	}
	var all []near
	for _, n := range names {
		d := distance(wanted, n)
		if _, table, ok := strings.Cut(n, "."); ok {
			d = min(d, distance(wanted, table)+1) // the right name in another schema
		}
		all = append(all, near{n, d})
	}
	slices.SortFunc(all, func(a, b near) int { return cmp.Or(a.distance-b.distance, cmp.Compare(a.name, b.name)) })
	var list []string
	for _, n := range all[:min(5, len(all))] {
		list = append(list, n.name)
	}
	return strings.Join(list, ", ")
}

// distance counts the letters to change, add or take away to make b of a,
// whatever their case (Levenshtein).
func distance(a, b string) int {
	from, to := []rune(strings.ToLower(a)), []rune(strings.ToLower(b))
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, s := range to {
			cost := 1
			if r == s {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(to)]
}
