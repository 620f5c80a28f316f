package main

import (
	"bytes"
	"database/sql"
	"encoding/csv"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"
	_ "modernc.org/sqlite" // driver of the command sqlite

	"clientele/engine/demo/exports"
)

// writeExports writes the exports of all platforms, or of one: exports DIR [PLATFORM].
func writeExports(ts *testscript.TestScript, _ bool, args []string) {
	var err error
	if len(args) > 1 {
		_, err = exports.WritePlatform(ts.MkAbs(args[0]), args[1], 1)
	} else {
		_, err = exports.Write(ts.MkAbs(args[0]), 1)
	}
	ts.Check(err)
}

// xlsx writes a workbook with a sheet for each CSV: xlsx FILE CSV... Numbers and days
// are cells of those types, as a spreadsheet would make them; what stands in more
// than 15 digits or begins with a zero is a text.
func xlsx(ts *testscript.TestScript, _ bool, args []string) {
	book := excelize.NewFile()
	for i, name := range args[1:] {
		sheet := strings.TrimSuffix(filepath.Base(name), ".csv")
		if i == 0 {
			ts.Check(book.SetSheetName("Sheet1", sheet))
		} else {
			_, err := book.NewSheet(sheet)
			ts.Check(err)
		}
		records, err := csv.NewReader(strings.NewReader(ts.ReadFile(name))).ReadAll()
		ts.Check(err)
		for r, record := range records {
			for c, text := range record {
				cell, err := excelize.CoordinatesToCellName(c+1, r+1)
				ts.Check(err)
				ts.Check(book.SetCellValue(sheet, cell, spreadsheetValue(text)))
			}
		}
	}
	ts.Check(book.SaveAs(ts.MkAbs(args[0])))
	ts.Check(book.Close())
}

func spreadsheetValue(text string) any {
	if day, err := time.Parse(time.DateTime, text); err == nil {
		return day
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day
	}
	if number, err := strconv.ParseFloat(text, 64); err == nil && len(text) <= 15 && !(len(text) > 1 && text[0] == '0' && text[1] != '.') {
		return number
	}
	return text
}

// sqlite runs the statements of a file on a database: sqlite DATABASE FILE.
func sqlite(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	_, err = db.Exec(ts.ReadFile(args[1]))
	ts.Check(err)
	ts.Check(db.Close())
}

// postgresPrograms is the folder of PostgreSQL's programs, "" where there is none.
func postgresPrograms() string {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return ""
	}
	return filepath.Dir(slices.Max(found))
}

// TestPostgresIsThere says that the script of databases leaves PostgreSQL out.
func TestPostgresIsThere(t *testing.T) {
	if postgresPrograms() == "" {
		t.Skip("PostgreSQL is not installed here: databases.txtar reads SQLite only")
	}
}

// postgres starts a server of the script's own, runs the statements of a file, and
// puts the address of the database into the variable PG, and that over its unix
// socket into PGSOCKET: postgres FILE. Called again, it runs the statements on the same server.
func postgres(ts *testscript.TestScript, _ bool, args []string) {
	bin, port := postgresPrograms(), ts.Getenv("PGPORT")
	if port == "" {
		port = startPostgres(ts, bin)
	}
	run := exec.Command(filepath.Join(bin, "psql"), "-h", "127.0.0.1", "-p", port, "-U", "reader", "-d", "postgres", "-q", "-v", "ON_ERROR_STOP=1", "-f", ts.MkAbs(args[0]))
	run.Env = append(os.Environ(), "PGPASSWORD=secret")
	if out, err := run.CombinedOutput(); err != nil {
		ts.Fatalf("psql: %v\n%s", err, out)
	}
}

func startPostgres(ts *testscript.TestScript, bin string) (port string) {
	folder, err := os.MkdirTemp("", "clientele-postgres-")
	ts.Check(err)
	ts.Defer(func() { os.RemoveAll(folder) })
	as := serverAccount(ts, folder)
	password := filepath.Join(folder, "password")
	ts.Check(os.WriteFile(password, []byte("secret\n"), 0o644))
	data := filepath.Join(folder, "data")
	makeIt := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "reader", "--pwfile", password, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync")
	makeIt.Dir, makeIt.SysProcAttr = folder, as
	if out, err := makeIt.CombinedOutput(); err != nil {
		ts.Fatalf("initdb: %v\n%s", err, out)
	}
	port = freePort(ts)
	// The shell stops the server when its input ends, be it that this process does.
	const untilTheEnd = `"$@" </dev/null & pid=$!; cat >/dev/null; kill -INT $pid; wait $pid`
	server := exec.Command("sh", "-c", untilTheEnd, "sh", filepath.Join(bin, "postgres"), "-D", data, "-h", "127.0.0.1", "-p", port, "-k", folder, "-F", "-c", "timezone=UTC")
	server.Dir, server.SysProcAttr = folder, as
	var log bytes.Buffer
	server.Stdout, server.Stderr = &log, &log
	input, err := server.StdinPipe()
	ts.Check(err)
	ts.Check(server.Start())
	ts.Defer(func() {
		input.Close()
		server.Wait()
	})
	ts.Setenv("PGPORT", port)
	ts.Setenv("PG", "postgres://reader@127.0.0.1:"+port+"/postgres")
	ts.Setenv("PGSOCKET", "postgres://reader@:"+port+"/postgres?host="+folder)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if exec.Command(filepath.Join(bin, "pg_isready"), "-h", "127.0.0.1", "-p", port).Run() == nil {
			return port
		}
	}
	ts.Fatalf("the server does not start:\n%s", log.String())
	return ""
}

// serverAccount is who the server runs as, to whom the folder is given: it refuses root.
func serverAccount(ts *testscript.TestScript, folder string) *syscall.SysProcAttr {
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	ts.Check(err)
	uid, err := strconv.Atoi(u.Uid)
	ts.Check(err)
	gid, err := strconv.Atoi(u.Gid)
	ts.Check(err)
	ts.Check(os.Chown(folder, uid, gid))
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// freePort asks the kernel for a port that nobody has.
func freePort(ts *testscript.TestScript) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// expand replaces $NAME in a file by the variables of the script: expand IN OUT.
func expand(ts *testscript.TestScript, _ bool, args []string) {
	text := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o666))
}

// TestYAMLText holds that what --config prints is read as the same text.
func TestYAMLText(t *testing.T) {
	for text, want := range map[string]string{
		"orders": "orders", "exports/a_b-c.csv": "exports/a_b-c.csv", "导出/订单.csv": "导出/订单.csv",
		"orders-*.csv": "'orders-*.csv'", "it's": "'it''s'", "no": "'no'", "2024": "'2024'", "": "''", ".": "'.'", "../up.csv": "'../up.csv'",
		"a: b": "'a: b'", "# x": "'# x'", "|": "'|'", `C:\x`: `'C:\x'`,
	} {
		if got := yamlText(text); got != want {
			t.Errorf("%q is written %s, want %s", text, got, want)
		}
	}
}

// Values are cut by the places that they take on a terminal.
func TestShorten(t *testing.T) {
	for _, c := range []struct {
		text string
		room int
		want string
	}{
		{"", 3, ""}, {"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"龙井茶", 6, "龙井茶"}, {"龙井茶", 5, "龙井…"}, {"龙井茶", 4, "龙…"}, {"a龙井", 4, "a龙…"}, {"ｆｕｌｌ", 4, "ｆ…"},
	} {
		if got := shorten(c.text, c.room); got != c.want {
			t.Errorf("%q in %d places is %q, want %q", c.text, c.room, got, c.want)
		}
	}
	if got := []rune(shorten(strings.Repeat("x", 1000), cellWidth)); len(got) != cellWidth {
		t.Errorf("a long value is %d wide, want %d", len(got), cellWidth)
	}
}
