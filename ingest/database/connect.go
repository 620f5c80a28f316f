package database

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Engines, as Detected names them.
const (
	postgresEngine = "postgres"
	mysqlEngine    = "mysql"
	mariadbEngine  = "mariadb"
	sqliteEngine   = "sqlite"
)

// connectTimeout is how long a server has to answer, unless connect_timeout says else.
const connectTimeout = 15 * time.Second

// address is what Settings.Connect says.
type address struct {
	engine   string
	user     string
	host     string // a name, an address, or the folder or file of a unix socket
	port     int
	database string
	file     string // of SQLite
	options  map[string]string
	timeout  time.Duration
}

// parseConnect reads Settings.Connect. Its errors never show the text, which may
// hold a password. With an error it returns what it could read.
func parseConnect(connect string) (address, error) {
	scheme, rest, found := strings.Cut(strings.TrimSpace(connect), ":")
	if !found {
		return address{}, errForm
	}
	switch scheme {
	case "sqlite":
		return parseSQLite(rest)
	case "postgres", "postgresql":
		return parseServer(postgresEngine, 5432, rest, "host", "sslmode", "sslrootcert", "sslcert", "sslkey")
	case "mysql", "mariadb":
		return parseServer(scheme, 3306, rest, "socket", "tls")
	}
	return address{}, errForm
}

var (
	errForm     = errors.New("connect is not of the form postgres://USER@HOST/DATABASE, mysql://USER@HOST/DATABASE or sqlite:///FILE")
	errPassword = errors.New("connect has a password in it: take it out, and name password_env or password_file instead")
)

func parseSQLite(rest string) (address, error) {
	a := address{engine: sqliteEngine}
	file, slashes := strings.CutPrefix(rest, "//")
	if slashes && !strings.HasPrefix(file, "/") || file == "" || strings.HasSuffix(file, "/") {
		return a, errors.New("connect is not of the form sqlite:///ABSOLUTE/FILE or sqlite:RELATIVE/FILE")
	}
	a.file = file
	return a, nil
}

func parseServer(engine string, port int, rest string, options ...string) (address, error) {
	a := address{engine: engine, port: port, timeout: connectTimeout}
	if hidesPassword(rest) {
		return a, errPassword
	}
	u, err := url.Parse("db:" + rest)
	if err != nil || !strings.HasPrefix(rest, "//") {
		return a, errForm
	}
	a.host, a.database = u.Hostname(), strings.TrimPrefix(u.Path, "/")
	if p := u.Port(); p != "" {
		if a.port, err = strconv.Atoi(p); err != nil || a.port < 1 || a.port > 65535 {
			return a, errors.New("the port in connect is not a number from 1 to 65535")
		}
	}
	if u.User != nil {
		a.user = u.User.Username()
		if _, has := u.User.Password(); has {
			return a, errPassword
		}
	}
	if err := a.setOptions(u.RawQuery, append(options, "connect_timeout")); err != nil {
		return a, err
	}
	for _, socket := range []string{"host", "socket"} {
		if path := a.options[socket]; path != "" {
			if a.host != "" || !strings.HasPrefix(path, "/") {
				return a, fmt.Errorf("%s in connect is a path that begins with /, and no host stands before it", socket)
			}
			a.host = path
		}
	}
	switch {
	case a.host == "":
		return a, errors.New("connect names no host")
	case a.user == "":
		return a, errors.New("connect names no user: write USER@ before the host")
	case a.database == "" || strings.Contains(a.database, "/"):
		return a, errors.New("connect names no database: write /DATABASE after the host")
	}
	return a, nil
}

// hidesPassword finds a password where no part of a URL is one: among the
// options, or before an @ with characters by which a URL would be cut.
func hidesPassword(rest string) bool {
	lower := strings.ToLower(rest)
	for _, word := range []string{"password=", "passwd=", "pwd="} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	end := strings.LastIndexByte(rest, '@')
	if end < 0 {
		return false
	}
	before := strings.TrimPrefix(rest[:end], "//")
	_, password, found := strings.Cut(before, ":")
	return strings.ContainsAny(before, "/?#") || found && strings.ContainsAny(password, "%[]{}^|\\ \"<>`")
}

func (a *address) setOptions(query string, known []string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errForm
	}
	a.options = map[string]string{}
	for key, v := range values {
		if !slices.Contains(known, key) || len(v) != 1 {
			return fmt.Errorf("connect has the option %q; it may have %s", key, strings.Join(known, ", "))
		}
		a.options[key] = v[0]
	}
	if t, ok := a.options["connect_timeout"]; ok {
		seconds, err := strconv.Atoi(t)
		if err != nil || seconds < 1 || seconds > 3600 {
			return errors.New("connect_timeout in connect is not a number of seconds from 1 to 3600")
		}
		a.timeout = time.Duration(seconds) * time.Second
	}
	return nil
}

// socket reports that the host is a path.
func (a address) socket() bool { return strings.HasPrefix(a.host, "/") }

// hostPort is the host, and its port where it is not the usual one.
func (a address) hostPort() string {
	usual := 3306
	if a.engine == postgresEngine {
		usual = 5432
	}
	switch {
	case a.socket():
		return a.host
	case a.port != usual:
		return net.JoinHostPort(a.host, strconv.Itoa(a.port))
	case strings.Contains(a.host, ":"):
		return "[" + a.host + "]"
	}
	return a.host
}

// String names the database without the user.
func (a address) String() string {
	if a.engine == sqliteEngine {
		if strings.HasPrefix(a.file, "/") {
			return "sqlite://" + a.file
		}
		return "sqlite:" + a.file
	}
	return a.engine + "://" + a.hostPort() + "/" + a.database
}

// Name says for people and for the store what is read, without user, password
// and options: postgres://host/database/public.orders. A query is named by the first
// eight digits of the SHA-256 of its text, so that two queries have two names.
func Name(connect, table, query string) string {
	a, err := parseConnect(connect)
	name := "database"
	if err == nil || a.host != "" && a.database != "" || a.file != "" {
		name = a.String()
	} else if a.engine != "" {
		name = a.engine
	}
	if table = strings.TrimSpace(table); table != "" {
		return name + "/" + strings.Join(strings.Fields(table), " ")
	}
	if query = strings.TrimSpace(query); query == "" {
		return name
	}
	sum := sha256.Sum256([]byte(query))
	return name + "/query-" + hex.EncodeToString(sum[:4])
}
