package duck

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// Reads fails unless the text is one statement that only reads: a SELECT (with
// everything that begins like one: FROM, WITH, DESCRIBE, SHOW, VALUES), or EXPLAIN
// before one, which does not run it. A SELECT may still name functions that open
// files, begin a log or look into what is being typed: those are refused too.
func (d *DB) Reads(ctx context.Context, query string) error {
	kind, err := d.kind(query)
	if err != nil {
		return err
	}
	if kind == duckdb.STATEMENT_TYPE_EXPLAIN {
		query = explained(query) // looked at by itself, since ANALYZE would run it
		if kind, err = d.kind(query); err != nil {
			return errNoSelect
		}
	}
	if kind != duckdb.STATEMENT_TYPE_SELECT {
		return errNoSelect
	}
	called, err := d.called(ctx, query)
	if err != nil {
		return err
	}
	return d.harmless(ctx, called)
}

var errNoSelect = errors.New("only one SELECT at a time can be run: queries read, they change nothing")

// kind is what a text of one statement is.
func (d *DB) kind(query string) (duckdb.StmtType, error) {
	prepared, err := d.conn.Prepare(query) // refuses several; PrepareContext would run all but the last
	if err != nil {
		if strings.Contains(err.Error(), "multi-statement") { // the driver's words are for who writes programs
			return duckdb.STATEMENT_TYPE_INVALID, errNoSelect
		}
		return duckdb.STATEMENT_TYPE_INVALID, clean(err)
	}
	defer prepared.Close()
	kind, err := prepared.(*duckdb.Stmt).StatementType()
	return kind, clean(err)
}

// explained is what follows EXPLAIN, or nothing where that is not the first word.
func explained(query string) string {
	const word = "explain"
	query = strings.TrimSpace(query)
	if len(query) < len(word) || !strings.EqualFold(query[:len(word)], word) {
		return ""
	}
	return query[len(word):]
}

// called are the names of the functions that stand where a table may, as DuckDB's
// own parser finds them.
func (d *DB) called(ctx context.Context, query string) ([]string, error) {
	var text string
	if err := d.Row(ctx, []any{&text}, "SELECT CAST(json_serialize_sql(CAST($1 AS VARCHAR)) AS VARCHAR)", query); err != nil {
		return nil, err
	}
	var parsed struct {
		Error      bool
		Statements []any
	}
	if err := json.Unmarshal([]byte(text), &parsed); err != nil {
		return nil, fmt.Errorf("parse query: %w", err)
	}
	if parsed.Error || len(parsed.Statements) != 1 {
		return nil, errNoSelect
	}
	var names []string
	var walk func(node any)
	walk = func(node any) {
		switch node := node.(type) {
		case []any:
			for _, n := range node {
				walk(n)
			}
		case map[string]any:
			if node["type"] == "TABLE_FUNCTION" {
				function, _ := node["function"].(map[string]any)
				name, _ := function["function_name"].(string)
				names = append(names, strings.ToLower(name))
			}
			for _, n := range node {
				walk(n)
			}
		}
	}
	walk(parsed.Statements)
	return names, nil
}

// harmless refuses functions of DuckDB in the place of a table that are not known to
// do nothing but make rows of their arguments or tell of the tables there are. Macros
// are ours.
func (d *DB) harmless(ctx context.Context, called []string) error {
	known := []string{
		"range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree", "summary", "test_all_types",
		"duckdb_columns", "duckdb_constraints", "duckdb_databases", "duckdb_functions", "duckdb_indexes", "duckdb_keywords", "duckdb_memory",
		"duckdb_schemas", "duckdb_sequences", "duckdb_settings", "duckdb_tables", "duckdb_types", "duckdb_views",
		"pragma_database_size", "pragma_show", "pragma_storage_info", "pragma_table_info", "pragma_version", "pg_timezone_names",
	}
	slices.Sort(called)
	for _, name := range slices.Compact(called) {
		if slices.Contains(known, name) {
			continue
		}
		var macro bool
		err := d.Row(ctx, []any{&macro}, "SELECT count(*) > 0 FROM duckdb_functions() WHERE lower(function_name) = $1 AND function_type = 'table_macro'", name)
		if err != nil {
			return err
		}
		if !macro {
			return fmt.Errorf("%s() cannot be called in a query: queries read the tables of the workspace, no files", name)
		}
	}
	return nil
}
