package database

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

// The servers of these tests are private ones, made in a folder of their own by
// the first test that needs them and stopped after the last.
var (
	postgresServer server
	mysqlServer    server
)

const (
	testUser     = "shop"
	testPassword = "pässwörd with 'quotes' @:/?"
)

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	for _, s := range []*server{&postgresServer, &mysqlServer} {
		if err := s.stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// server is a database server that is started once.
type server struct {
	once   sync.Once
	err    error
	absent string // the program that is not here
	folder string
	port   int
	socket string
	input  io.Closer // when it is closed, be it by the end of these tests, the server is stopped
	cmd    *exec.Cmd
	log    bytes.Buffer
}

// need starts the server, or skips the test where its programs are not installed.
func (s *server) need(t testing.TB, start func(*server) error) {
	t.Helper()
	s.once.Do(func() { s.err = start(s) })
	if s.absent != "" {
		t.Skipf("%s is not installed here", s.absent)
	}
	if s.err != nil {
		t.Fatal(s.err)
	}
}

func (s *server) stop() error {
	if s.cmd != nil {
		s.input.Close()
		s.cmd.Wait()
	}
	if s.folder == "" {
		return nil
	}
	return os.RemoveAll(s.folder)
}

// account is who servers run as: they refuse root.
func account(name string) (*syscall.SysProcAttr, int, error) {
	if os.Getuid() != 0 {
		return nil, os.Getuid(), nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, 0, err
		}
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, uid, errors.Join(err1, err2)
}

// prepare makes the folder and runs the program that fills it.
func (s *server) prepare(as *syscall.SysProcAttr, fill ...string) error {
	cmd := exec.Command(fill[0], fill[1:]...)
	cmd.Dir, cmd.SysProcAttr = s.folder, as
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(fill[0]), err, out)
	}
	return nil
}

func (s *server) newFolder(uid int) (err error) {
	if s.folder, err = os.MkdirTemp("", "clientele-server-"); err != nil {
		return err
	}
	if os.Getuid() == 0 {
		return os.Chown(s.folder, uid, -1)
	}
	return nil
}

// run starts the program under a shell that stops it, by its process id and with
// the signal given, when the input ends.
func (s *server) run(as *syscall.SysProcAttr, signal string, program ...string) error {
	const script = `signal=$1; shift; "$@" </dev/null & pid=$!; cat >/dev/null; kill -"$signal" $pid; wait $pid`
	s.cmd = exec.Command("sh", append([]string{"-c", script, "sh", signal}, program...)...)
	s.cmd.Dir, s.cmd.SysProcAttr = s.folder, as
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	var err error
	if s.input, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	return s.cmd.Start()
}

// wait tries until the server answers.
func (s *server) wait(try func() error) error {
	var err error
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if err = try(); err == nil {
			return nil
		}
	}
	s.stop()
	return fmt.Errorf("the server does not start: %w\n%s", err, s.log.String())
}

// freePort asks the kernel for a port that nobody has.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func startPostgres(s *server) error {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if path, e := exec.LookPath("initdb"); e == nil {
		found = append(found, path)
	}
	if err != nil || len(found) == 0 {
		s.absent = "PostgreSQL"
		return err
	}
	bin := filepath.Dir(slices.Max(found))
	as, uid, err := account("postgres")
	if err != nil {
		return err
	}
	if err := s.newFolder(uid); err != nil {
		return err
	}
	data := filepath.Join(s.folder, "data")
	if err := s.prepare(as, filepath.Join(bin, "initdb"), "-D", data, "-U", "admin", "-E", "UTF8", "--locale=C", "--no-sync", "-A", "trust"); err != nil {
		return err
	}
	if s.port, err = freePort(); err != nil {
		return err
	}
	rules := "local all all trust\nhost all admin 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
	if err := os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte(rules), 0o600); err != nil {
		return err
	}
	s.socket = s.folder
	if err := s.run(as, "INT", filepath.Join(bin, "postgres"), "-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-k", s.folder, "-F",
		"-c", "shared_buffers=32MB", "-c", "max_connections=20", "-c", "timezone=America/New_York"); err != nil {
		return err
	}
	return s.wait(func() error {
		return postgresDo("postgres", "CREATE ROLE "+testUser+" LOGIN PASSWORD '"+strings.ReplaceAll(testPassword, "'", "''")+"'",
			"CREATE DATABASE shop OWNER "+testUser)
	})
}

// postgresDo runs statements as the administrator.
func postgresDo(database string, statements ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgconn.Connect(ctx, fmt.Sprintf("postgres://admin@127.0.0.1:%d/%s?sslmode=disable", postgresServer.port, database))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql).ReadAll(); err != nil {
			return fmt.Errorf("%w in %s", err, sql)
		}
	}
	return nil
}

func startMySQL(s *server) error {
	install, err1 := exec.LookPath("mariadb-install-db")
	daemon, err2 := exec.LookPath("mariadbd")
	if err2 != nil {
		daemon, err2 = "/usr/sbin/mariadbd", nil
		if _, err := os.Stat(daemon); err != nil {
			err2 = err
		}
	}
	if err1 != nil || err2 != nil {
		s.absent = "MariaDB"
		return nil
	}
	as, uid, err := account("mysql")
	if err != nil {
		return err
	}
	if err := s.newFolder(uid); err != nil {
		return err
	}
	data := filepath.Join(s.folder, "data")
	if err := s.prepare(as, install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db"); err != nil {
		return err
	}
	if s.port, err = freePort(); err != nil {
		return err
	}
	s.socket = filepath.Join(s.folder, "socket")
	if err := s.run(as, "TERM", daemon, "--no-defaults", "--datadir="+data, "--socket="+s.socket, "--bind-address=127.0.0.1", "--port="+strconv.Itoa(s.port),
		"--pid-file="+filepath.Join(s.folder, "pid"), "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M", "--character-set-server=utf8mb4",
		"--default-time-zone=-05:00", "--sql-mode="); err != nil {
		return err
	}
	return s.wait(func() error {
		return mysqlDo("mysql", "CREATE DATABASE shop", "CREATE USER "+testUser+"@'127.0.0.1' IDENTIFIED BY '"+strings.ReplaceAll(testPassword, "'", "''")+"'",
			"GRANT ALL ON shop.* TO "+testUser+"@'127.0.0.1'")
	})
}

// mysqlDo runs statements as the administrator.
func mysqlDo(database string, statements ...string) error {
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr, config.DBName, config.Logger = "root", "unix", mysqlServer.socket, database, &mysql.NopLogger{}
	config.MaxAllowedPacket = 64 << 20
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return err
	}
	conn, err := connector.Connect(context.Background())
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, sql := range statements {
		if _, err := conn.(driver.ExecerContext).ExecContext(context.Background(), sql, nil); err != nil {
			return fmt.Errorf("%w in %s", err, sql)
		}
	}
	return nil
}

// doPostgres runs statements as the user who reads, unless they say otherwise.
func doPostgres(t testing.TB, statements ...string) {
	t.Helper()
	postgresServer.need(t, startPostgres)
	if err := postgresDo("shop", append([]string{"SET ROLE " + testUser}, statements...)...); err != nil {
		t.Fatal(err)
	}
}

func doMySQL(t testing.TB, statements ...string) {
	t.Helper()
	mysqlServer.need(t, startMySQL)
	if err := mysqlDo("shop", statements...); err != nil {
		t.Fatal(err)
	}
}

func postgresSettings(t testing.TB, table string) Settings {
	t.Helper()
	postgresServer.need(t, startPostgres)
	return Settings{Connect: fmt.Sprintf("postgres://%s@127.0.0.1:%d/shop", testUser, postgresServer.port), Table: table, Password: testPassword}
}

func mysqlSettings(t testing.TB, table string) Settings {
	t.Helper()
	mysqlServer.need(t, startMySQL)
	return Settings{Connect: fmt.Sprintf("mariadb://%s@127.0.0.1:%d/shop", testUser, mysqlServer.port), Table: table, Password: testPassword}
}
