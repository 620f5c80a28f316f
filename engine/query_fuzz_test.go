package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/table"
)

var queryTexts = flag.Int("queries", 1000, "texts that TestQueryOnlyReads makes up")

// canary stands in every file that no query may read, and in the environment; no
// query is made with it.
const canary = "7f3a-canary-51cc"

// Whatever text query is given, in the grammar of DuckDB and a little beside it, it
// writes nothing, reads no file, attaches nothing and leaves no setting behind.
func TestQueryOnlyReads(t *testing.T) {
	g := newGuarded(t)
	const batch = 250 // texts that one connection is asked, one after another
	begun, answered := time.Now(), 0
	for first := 0; first < *queryTexts; first += batch {
		err := g.e.ask(context.Background(), "scores", func(db *duck.DB) error {
			before := g.state(db)
			for i := first; i < min(first+batch, *queryTexts); i++ {
				text := g.text(rand.New(rand.NewPCG(6, uint64(i))))
				ok, err := g.try(db, text)
				if errors.Is(err, errEnded) {
					return nil // DuckDB takes no more after an error of its own: the next connection goes on
				}
				if err != nil {
					return fmt.Errorf("text %d: %w", i, err)
				}
				if ok {
					answered++
				}
				if i%25 != 24 && i < *queryTexts-1 {
					continue
				}
				if after := g.state(db); after != before {
					return fmt.Errorf("one of the texts up to %d left something behind: %s\nbefore: %s\nafter: %s", i, text, before, after)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if after := g.tree(); after != g.before {
			t.Fatalf("one of the texts from %d to %d changed files:\n%s\nwere\n%s", first, first+batch, after, g.before)
		}
	}
	t.Logf("%d texts, %d answered, in %s", *queryTexts, answered, time.Since(begun).Round(time.Second))
	if answered < *queryTexts/10 {
		t.Errorf("only %d of %d texts were answered: what is refused before it is run proves little", answered, *queryTexts)
	}
}

// guarded is a workspace among files that nobody may read or change.
type guarded struct {
	t      *testing.T
	base   string
	e      *Engine
	before string // the tree of files

	tables    []string // names of functions in the place of a table
	functions []string // of other functions
	settings  []string
	paths     []string
}

func newGuarded(t *testing.T) *guarded {
	g := &guarded{t: t, base: t.TempDir()}
	shop, outside := filepath.Join(g.base, "shop"), filepath.Join(g.base, "outside")
	for path, text := range map[string]string{
		"outside/secret.csv": "a,b\n" + canary + ",2\n", "outside/secret.json": `[{"a": "` + canary + `"}]`, "outside/" + canary + ".txt": canary,
		"home/.duckdb/stored_secrets/s.duckdb_secret": canary, "home/.duckdbrc": ".print " + canary,
		"shop/orders.csv": "order_id,customer_id,date,amount,attribute.note\n1,ann,2024-01-05,10,x\n2,bob,2024-02-01,25.5,y\n", "shop/notes.csv": "a,b\n" + canary + ",1\n",
	} {
		path = filepath.Join(g.base, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	g.databases(outside)
	t.Setenv("HOME", filepath.Join(g.base, "home"))
	t.Setenv("CANARY", canary)
	t.Chdir(shop)
	g.publish(shop)
	for link, to := range map[string]string{"linked.csv": "../outside/secret.csv", "linked": "../outside", "exports/linked.csv": "../../outside/secret.csv"} {
		if err := os.Symlink(to, filepath.Join(shop, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(shop, "exports", "planted.csv"), []byte("a\n"+canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := g.e.ask(context.Background(), "scores", g.learn); err != nil {
		t.Fatal(err)
	}
	g.before = g.tree()
	return g
}

// databases puts a store and a Parquet file with the canary into a folder.
func (g *guarded) databases(dir string) {
	ctx := context.Background()
	db, err := duck.Open(ctx, filepath.Join(dir, "other.duckdb"), duck.Options{Folders: []string{dir}})
	if err != nil {
		g.t.Fatal(err)
	}
	err = errors.Join(
		db.Exec(ctx, "CREATE TABLE a AS SELECT "+duck.Literal(canary)+" AS a"),
		db.Exec(ctx, "COPY a TO "+duck.Literal(filepath.Join(dir, "secret.parquet"))),
		db.Seal(ctx), db.Close())
	if err != nil {
		g.t.Fatal(err)
	}
}

// publish makes a workspace with a store and a run.
func (g *guarded) publish(shop string) {
	now := time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)
	e, err := Open(shop, now, "test")
	if err != nil {
		g.t.Fatal(err)
	}
	e.Config.Output.Reports, e.Config.Resources.Threads, e.Config.Resources.Memory = nil, 2, 1<<30
	s := config.DefaultSource()
	s.Name, s.Kind, s.Path = "orders", "orders", []string{"orders.csv"}
	if _, err = e.Load(context.Background(), []Loading{{Source: s}}); err == nil {
		_, err = e.Score(context.Background(), "latest")
	}
	if err != nil {
		g.t.Fatal(err)
	}
	g.e = e
}

// learn asks DuckDB which functions and settings it has.
func (g *guarded) learn(db *duck.DB) error {
	for _, q := range []struct {
		to   *[]string
		text string
	}{
		{&g.tables, "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN ('table', 'table_macro', 'pragma') ORDER BY 1"},
		{&g.functions, "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN ('scalar', 'aggregate', 'macro') AND regexp_full_match(function_name, '[a-z_0-9]+') ORDER BY 1"},
		{&g.settings, "SELECT name FROM duckdb_settings() ORDER BY 1"},
	} {
		t, err := db.Query(context.Background(), q.text)
		if err != nil {
			return err
		}
		*q.to = texts(t.Columns()[0])
	}
	for _, needed := range []string{"read_csv", "read_text", "glob", "enable_logging", "query"} {
		if !slices.Contains(g.tables, needed) {
			return fmt.Errorf("DuckDB has no %s() any more: the test is to be looked at", needed)
		}
	}
	out := filepath.Join(g.base, "outside")
	g.paths = []string{
		out + "/secret.csv", out + "/secret.json", out + "/secret.parquet", out + "/other.duckdb", out + "/*", out + "/**", "../outside/secret.csv", "../outside/*.parquet", "./../shop/../outside/secret.json",
		"notes.csv", "*.csv", "clientele.key", "clientele.duckdb", "clientele.lock", "linked.csv", "linked/secret.csv", "exports/planted.csv", g.e.path("exports/planted.csv"), g.e.path("exports/*"), g.e.path("notes.csv"), g.e.path("clientele.key"), "exports/linked.csv", "exports/*.csv",
		"exports/current/manifest.json", "exports/current/../../clientele.key", "exports/current/new.csv", "exports/new.parquet", "new.csv", "new", out + "/new.csv", "", ".", "..", "/", "~", "~/.duckdbrc",
		"file://" + out + "/secret.csv", "file:" + out + "/secret.csv", "file:///etc/passwd", "/etc/passwd", "/proc/self/environ", "/proc/self/cwd/notes.csv", "/dev/stdin", "/dev/fd/0",
		"s3://bucket/secret.csv", "http://127.0.0.1:1/secret.csv", "https://127.0.0.1:1/new.csv", ":memory:", "sqlite:" + out + "/other.duckdb", "md:", "ducklake:x", "\\\\127.0.0.1\\share\\x.csv", "NUL",
	}
	return nil
}

// errEnded is that a connection takes no more.
var errEnded = errors.New("ended")

// try asks one text and looks for the canary in what comes back.
func (g *guarded) try(db *duck.DB, text string) (answered bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	began := time.Now()
	t, err := answer(ctx, db, text)
	if took := time.Since(began); took > 30*time.Second {
		return false, fmt.Errorf("did not stop for %s: %s", took, text)
	}
	if err != nil {
		if strings.Contains(err.Error(), canary) {
			return false, fmt.Errorf("the error tells what may not be read: %s\n%w", text, err)
		}
		if strings.Contains(err.Error(), "database has been invalidated") {
			return false, errEnded
		}
		return false, nil
	}
	for _, c := range t.Columns() {
		if strings.Contains(c.Name, canary) || tells(c) {
			return true, fmt.Errorf("column %s tells what may not be read: %s", c.Name, text)
		}
	}
	return true, nil
}

// tells reports whether a column has the canary.
func tells(c *table.Column) bool {
	switch c.Kind {
	case table.Text:
		return strings.Contains(string(c.Texts.Bytes), canary)
	case table.Category:
		return strings.Contains(strings.Join(c.Labels, "\n"), canary)
	}
	return false
}

// state is what a connection has besides the tables of the store: other databases,
// temporary tables and views, macros, settings, secrets, what is being logged.
func (g *guarded) state(db *duck.DB) string {
	var out string
	err := db.Row(context.Background(), []any{&out}, `SELECT concat_ws(' ',
  (SELECT string_agg(database_name, ',' ORDER BY database_name) FROM duckdb_databases()),
  (SELECT count(*) FROM duckdb_tables()), (SELECT string_agg(view_name, ',' ORDER BY view_name) FROM duckdb_views() WHERE NOT internal), (SELECT count(*) FROM duckdb_functions()),
  (SELECT count(*) FROM duckdb_secrets()), (SELECT count(*) FROM duckdb_schemas()), (SELECT count(*) FROM duckdb_sequences()), (SELECT count(*) FROM duckdb_types()),
  (SELECT count(*) FROM duckdb_prepared_statements()), (SELECT count(*) FROM duckdb_variables()), (SELECT count(*) FROM duckdb_logs()), (SELECT count(*) FROM duckdb_extensions() WHERE loaded),
  (SELECT md5(string_agg(name || '=' || value, ' ' ORDER BY name)) FROM duckdb_settings()))`)
	if err != nil {
		return "" // it takes no more
	}
	return out
}

// tree is every file below the base with its mode and the hash of its content.
func (g *guarded) tree() string {
	var b strings.Builder
	err := filepath.WalkDir(g.base, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		sum := ""
		if info.Mode().IsRegular() {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			hash := sha256.Sum256(text)
			sum = hex.EncodeToString(hash[:8])
		}
		fmt.Fprintln(&b, strings.TrimPrefix(path, g.base), info.Mode(), sum)
		return nil
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return b.String()
}

// The grammar

func oneOf[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// text is a text that somebody might send: a statement, or several, in any case and
// with comments, and now and then damaged.
func (g *guarded) text(r *rand.Rand) string {
	text := g.statement(r, 3)
	for r.IntN(12) == 0 {
		text += oneOf(r, ";", " ; ", ";\n--x\n", ";/* */") + g.statement(r, 2)
	}
	switch r.IntN(12) {
	case 0:
		text = strings.ReplaceAll(text, " ", oneOf(r, "/**/ ", " /* ; */ ", "\n", " --;\n", "\t", "\u00a0 ", " "))
	case 1:
		text = strings.ToUpper(text)
	case 2:
		text = oneOf(r, "-- x\n", "/* SELECT 1 */", "\ufeff", "  ", ";", "(") + text + oneOf(r, "", ";", ";;", "--", ")")
	case 3:
		text = damage(r, text)
	}
	return text
}

// damage cuts, doubles or changes a piece of a text.
func damage(r *rand.Rand, text string) string {
	if text == "" {
		return text
	}
	at := r.IntN(len(text))
	to := min(len(text), at+1+r.IntN(6))
	return text[:at] + oneOf(r, "", text[at:to]+text[at:to], "'", "\"", "$$", ";", "\x00", "(", ")", "::", "'||'") + text[to:]
}

func (g *guarded) path(r *rand.Rand) string { return oneOf(r, g.paths...) }

func (g *guarded) statement(r *rand.Rand, depth int) string {
	if depth <= 0 || r.IntN(5) < 3 {
		return g.query(r, depth)
	}
	path, query, name := duck.Literal(g.path(r)), g.query(r, depth-1), oneOf(r, "scores", "orders", "facts.orders", "meta", "mine", "temp.mine", "clientele.main.mine")
	options := oneOf(r, "", " (FORMAT csv)", " (FORMAT parquet)", " (FORMAT json)", " (HEADER)", " (PARTITION_BY (a))", " (OVERWRITE_OR_IGNORE)")
	setting := oneOf(r, g.settings...)
	switch r.IntN(24) {
	case 0:
		return "COPY (" + query + ") TO " + path + options
	case 1:
		return "COPY " + name + oneOf(r, " TO ", " FROM ") + path + options
	case 2:
		return "ATTACH " + oneOf(r, "", "IF NOT EXISTS ", "DATABASE ") + path + oneOf(r, "", " AS x", " (READ_ONLY)", " AS x (TYPE sqlite)")
	case 3:
		return oneOf(r, "INSTALL ", "LOAD ", "FORCE INSTALL ") + oneOf(r, "httpfs", "sqlite", "json", "parquet", path) + oneOf(r, "", " FROM community", " FROM "+path)
	case 4:
		return oneOf(r, "SET ", "SET GLOBAL ", "SET SESSION ", "PRAGMA ") + setting + oneOf(r, " = ", " TO ") + oneOf(r, "true", "false", "1", path, "['/']")
	case 5:
		return oneOf(r, "RESET ", "RESET GLOBAL ", "PRAGMA ") + setting
	case 6:
		return "PRAGMA " + oneOf(r, g.tables...) + oneOf(r, "", "("+path+")", "="+path)
	case 7:
		return "CREATE " + oneOf(r, "", "OR REPLACE ", "TEMP ", "OR REPLACE TEMP ") + oneOf(r, "TABLE ", "VIEW ") + name + " AS " + query
	case 8:
		return "CREATE " + oneOf(r, "", "TEMP ", "OR REPLACE ") + oneOf(r, "MACRO mine(a) AS TABLE "+query, "MACRO mine(a) AS a", "SCHEMA mine", "SEQUENCE mine", "TYPE mine AS INTEGER",
			"SECRET mine (TYPE s3, KEY_ID 'a', SECRET 'b')", "PERSISTENT SECRET mine (TYPE http, BEARER_TOKEN 'a')", "TABLE mine (a INTEGER)", "INDEX mine ON facts.orders (order_id)")
	case 9:
		return "INSERT INTO " + name + " " + query
	case 10:
		return oneOf(r, "UPDATE meta SET value = 'x'", "DELETE FROM "+name, "TRUNCATE "+name, "MERGE INTO meta USING meta AS m ON true WHEN MATCHED THEN DELETE", "DROP VIEW "+name, "DROP TABLE IF EXISTS "+name, "ALTER TABLE "+name+" ADD COLUMN a INTEGER")
	case 11:
		return oneOf(r, "EXPORT DATABASE ", "IMPORT DATABASE ") + path + oneOf(r, "", " (FORMAT parquet)")
	case 12:
		return "CALL " + g.call(r, depth-1)
	case 13, 14:
		return oneOf(r, "EXPLAIN ", "EXPLAIN ANALYZE ", "EXPLAIN (ANALYZE) ", "EXPLAIN (FORMAT json) ", "EXPLAIN (FORMAT json, ANALYZE) ", "EXPLAIN/**/ANALYZE/**/ ", "explain analyse ") + g.statement(r, depth-1)
	case 15:
		return oneOf(r, "BEGIN", "COMMIT", "ROLLBACK", "CHECKPOINT", "FORCE CHECKPOINT", "VACUUM", "ANALYZE", "USE memory", "USE temp", "DETACH clientele", "DEALLOCATE p", "EXECUTE p", "ABORT")
	case 16:
		return "PREPARE p AS " + g.statement(r, depth-1)
	case 17:
		return oneOf(r, "DESCRIBE ", "SUMMARIZE ", "SHOW ") + oneOf(r, query, name, path, "TABLES", "ALL TABLES", "DATABASES")
	case 18:
		return "WITH x AS (" + g.statement(r, depth-1) + ") " + query
	case 19:
		return "COPY FROM DATABASE clientele TO " + oneOf(r, "memory", "temp", "x")
	case 20:
		return "SET VARIABLE mine = (" + query + ")"
	case 21:
		return "PIVOT " + g.source(r, depth-1) + " ON a USING count(*)"
	case 22:
		return "COMMENT ON TABLE " + name + " IS 'x'"
	}
	return "FROM " + g.source(r, depth) + " |> SELECT *"
}

// query is a SELECT, of which a part makes sense: it is those that are run.
func (g *guarded) query(r *rand.Rand, depth int) string {
	if r.IntN(3) == 0 {
		value := oneOf(r, "count(*)", "1", "[1, 2]", "md5('a')", "current_date", duck.Literal(g.path(r)), "(SELECT max(value) FROM meta)", "current_setting("+duck.Literal(oneOf(r, g.settings...))+")", "write_log("+duck.Literal(g.path(r))+")")
		return "SELECT " + value + " AS a FROM " + oneOf(r, "orders", "scores", "facts.orders", "meta", "range(3)", "duckdb_tables()", "(VALUES (1))") + oneOf(r, "", " LIMIT 3", " GROUP BY ALL", " WHERE true")
	}
	if r.IntN(4) == 0 { // so does asking for a file in a way that would get it
		path := duck.Literal(g.path(r))
		return "SELECT * FROM " + oneOf(r, path, path, "read_text("+path+")", "read_blob("+path+")", "glob("+path+")", "read_csv("+path+", all_varchar = true)", "read_parquet("+path+")", "query('FROM ''"+g.path(r)+"''')",
			"sql_auto_complete('FROM ''"+g.path(r)+"')", "enable_logging(storage = 'file', storage_path = "+path+")", "enable_logging('QueryLog')", "enable_profiling(format = 'json', save_location = "+path+")", "force_checkpoint()")
	}
	if depth <= 0 {
		return oneOf(r, "SELECT 1 AS a", "FROM "+g.source(r, 0), "VALUES (1)", "SELECT "+g.expression(r, 0)+" AS a")
	}
	switch r.IntN(8) {
	case 0:
		return "WITH " + oneOf(r, "", "RECURSIVE ") + "x AS " + oneOf(r, "", "MATERIALIZED ") + "(" + g.query(r, depth-1) + ") " + oneOf(r, "FROM x", g.query(r, depth-1))
	case 1:
		return g.query(r, depth-1) + oneOf(r, " UNION ALL ", " UNION BY NAME ", " EXCEPT ", " INTERSECT ") + g.query(r, depth-1)
	case 2:
		return "FROM " + g.source(r, depth)
	case 3:
		return "SELECT * FROM (" + g.query(r, depth-1) + ") AS x" + oneOf(r, "", ", LATERAL (FROM "+g.source(r, depth-1)+")", " POSITIONAL JOIN "+g.source(r, depth-1))
	}
	return "SELECT " + oneOf(r, "", "DISTINCT ") + oneOf(r, "*", "COLUMNS(*)", g.expression(r, depth)) + " FROM " + g.source(r, depth) +
		oneOf(r, "", " WHERE "+g.expression(r, depth-1)+" IS NOT NULL", " WHERE EXISTS ("+g.query(r, depth-1)+")", " GROUP BY ALL", " ORDER BY ALL", " LIMIT 3", " QUALIFY row_number() OVER () = 1", " USING SAMPLE 2 ROWS")
}

// source is what may stand after FROM.
func (g *guarded) source(r *rand.Rand, depth int) string {
	path := g.path(r)
	switch r.IntN(10) {
	case 0, 1, 2:
		return oneOf(r, "orders", "scores", "customers", "contacts", "facts.orders", "clientele.main.meta", "models", "lists", "x", "duckdb_secrets", "information_schema.tables", "pg_catalog.pg_class", "sqlite_master")
	case 3:
		return duck.Literal(path)
	case 4:
		return duck.Identifier(path) + oneOf(r, "", ".a", ".main.a")
	case 5:
		if depth > 0 {
			return "(" + g.query(r, depth-1) + ")"
		}
	}
	return g.call(r, depth)
}

// call is a function in the place of a table.
func (g *guarded) call(r *rand.Rand, depth int) string {
	path := duck.Literal(g.path(r))
	name := oneOf(r, g.tables...)
	if r.IntN(3) == 0 {
		name = oneOf(r, "read_csv", "read_parquet", "read_text", "read_blob", "read_json", "glob", "sniff_csv", "parquet_metadata", "enable_logging", "enable_profiling", "query", "query_table", "read_duckdb", "sql_auto_complete", "json_execute_serialized_sql", "range", "unnest")
	}
	inner := duck.Literal(g.query(r, min(depth, 1)-1))
	if depth > 1 && r.IntN(3) == 0 {
		inner = duck.Literal(g.statement(r, depth-1))
	}
	arguments := oneOf(r, "", path, path, path+", "+duck.Literal(g.path(r)), "["+path+", "+path+"]", "3", "[1, 2]", inner, "json_serialize_sql("+inner+")",
		path+", header = true", path+", filename = true", path+", union_by_name = true", path+", all_varchar = true", path+", hive_partitioning = true",
		"'QueryLog', storage = 'file', storage_path = "+path, "storage = 'file', storage_config = {'path': "+path+"}", "format = 'json', save_location = "+path, "'FROM "+strings.Trim(path, "'")+"'", "(SELECT "+path+")")
	return oneOf(r, "", "", "system.main.", "main.") + oneOf(r, name, name, duck.Identifier(strings.ToUpper(name))) + "(" + arguments + ")"
}

// expression is a value.
func (g *guarded) expression(r *rand.Rand, depth int) string {
	path := duck.Literal(g.path(r))
	switch r.IntN(8) {
	case 0:
		return oneOf(r, "1", "NULL", "'a'", "[1, 2]", "{'a': 1}", "DATE '2024-01-01'", "1.5", "true")
	case 1:
		return oneOf(r, "order_id", "customer_id", "net", "x.a", "a", "*")
	case 2:
		return path
	case 3:
		if depth > 0 {
			return oneOf(r, "(", "EXISTS (", "ARRAY (", "1 IN (") + g.query(r, depth-1) + ")"
		}
	case 4:
		return oneOf(r, "getenv('CANARY')", "current_setting("+duck.Literal(oneOf(r, g.settings...))+")", "getvariable('CANARY')", "set_config('threads', '1', false)", "write_log("+path+")", "current_database()", "nextval('mine')", "user", "txid_current()")
	}
	var arguments []string
	for range r.IntN(4) {
		arguments = append(arguments, oneOf(r, path, "1", "'a'", "[1, 2]", "'{}'", "NULL", "DATE '2024-01-01'", "0.5", "true"))
	}
	return oneOf(r, g.functions...) + "(" + strings.Join(arguments, ", ") + ")"
}
