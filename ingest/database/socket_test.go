package database

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Over a unix socket the same rows come, with the password; a wrong one is refused
// and not shown. Names are of the socket, without the user.
func TestSockets(t *testing.T) {
	quoted := "'" + strings.ReplaceAll(testPassword, "'", "''") + "'"
	for _, e := range []struct {
		name    string
		server  *server
		prepare func(t *testing.T)
		connect func() string
	}{
		{"postgres", &postgresServer,
			func(t *testing.T) {
				doPostgres(t, "DROP TABLE IF EXISTS by_socket", "CREATE TABLE by_socket AS SELECT 7 AS order_id")
			},
			func() string {
				return fmt.Sprintf("postgres://%s@:%d/shop?host=%s", testUser, postgresServer.port, postgresServer.socket)
			}},
		{"mysql", &mysqlServer,
			func(t *testing.T) {
				doMySQL(t, "DROP TABLE IF EXISTS by_socket", "CREATE TABLE by_socket AS SELECT 7 AS order_id",
					"CREATE USER IF NOT EXISTS "+testUser+"@localhost IDENTIFIED BY "+quoted, "GRANT ALL ON shop.* TO "+testUser+"@localhost")
			},
			func() string { return fmt.Sprintf("mysql://%s@/shop?socket=%s", testUser, mysqlServer.socket) }},
	} {
		t.Run(e.name, func(t *testing.T) {
			e.prepare(t)
			s := Settings{Connect: e.connect(), Table: "by_socket", Password: testPassword}
			if got := read(t, s); len(got.rows) != 1 || !slices.Equal(got.rows[0], []string{"7"}) {
				t.Errorf("rows %q", got.rows)
			}
			if name := Name(s.Connect, s.Table, ""); name != e.name+"://"+e.server.socket+"/shop/by_socket" || !filepath.IsAbs(e.server.socket) {
				t.Errorf("name %s", name)
			}
			s.Connect = strings.Replace(s.Connect, "/shop", "/no_such_database", 1)
			if text := failure(t, s); !strings.Contains(text, "no_such_database") {
				t.Error(text)
			}
			if e.name == "postgres" { // it trusts its socket
				return
			}
			s = Settings{Connect: e.connect(), Table: "by_socket", Password: "Wrong-Word"}
			if text := failure(t, s); !strings.Contains(text, "refuses user "+testUser) || strings.Contains(text, "Wrong-Word") {
				t.Error(text)
			}
		})
	}
}
