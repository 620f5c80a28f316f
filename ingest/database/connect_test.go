package database

import (
	"strings"
	"testing"
)

func TestName(t *testing.T) {
	for _, c := range []struct{ connect, table, query, want string }{
		{"postgres://reader@db.example.com/shop", "public.orders", "", "postgres://db.example.com/shop/public.orders"},
		{"postgresql://reader@db.example.com:5433/shop?sslmode=require", " orders ", "", "postgres://db.example.com:5433/shop/orders"},
		{"postgres://reader:secret@host/shop", "orders", "", "postgres://host/shop/orders"},
		{"postgres://reader@/shop?host=/run/postgresql", "orders", "", "postgres:///run/postgresql/shop/orders"},
		{"postgres://reader@[::1]/shop", "orders", "", "postgres://[::1]/shop/orders"},
		{"mysql://reader@host:3306/shop", "订单", "", "mysql://host/shop/订单"},
		{"mariadb://reader@host:3307/shop", "a", "", "mariadb://host:3307/shop/a"},
		{"sqlite:///data/a shop.db", "orders", "", "sqlite:///data/a shop.db/orders"},
		{"sqlite:shop.db", "orders", "", "sqlite:shop.db/orders"},
		// SHA-256 of "SELECT 1" begins with e004ebd5.
		{"postgres://reader@host/shop", "", " SELECT 1\n", "postgres://host/shop/query-e004ebd5"},
		{"postgres://reader:se%cret@host/shop", "orders", "", "postgres/orders"},
		{"nonsense", "orders", "", "database/orders"},
	} {
		if got := Name(c.connect, c.table, c.query); got != c.want {
			t.Errorf("%s: %s, want %s", c.connect, got, c.want)
		}
	}
}

func TestConnectErrors(t *testing.T) {
	for _, c := range []struct{ name, connect, want string }{
		{"a password", "postgres://u:Secret1@host/db", "has a password in it"},
		{"an empty password", "postgres://u:@host/db", "has a password in it"},
		{"one that a URL cannot hold", "postgres://u:Secret1%@host/db", "has a password in it"},
		{"one with a slash", "mysql://u:Secret1/2@host/db", "has a password in it"},
		{"one that looks like a port and a path", "mysql://u:12/Secret1@host/db", "has a password in it"},
		{"one as a database", "postgres://u@host/xpassword=Secret1", "has a password in it"},
		{"one as an option", "postgres://u@host/db?password=Secret1", "has a password in it"},
		{"one in capitals", "mysql://u@host/db?PASSWORD=Secret1", "has a password in it"},
		{"one of a key", "postgres://u@host/db?sslpassword=Secret1", "has a password in it"},
		{"another database", "oracle://u@host/db", "not of the form"},
		{"no scheme", "host/db", "not of the form"},
		{"words", "host=localhost dbname=shop password=Secret1", "not of the form"},
		{"nothing", "", "not of the form"},
		{"one slash", "postgres:/db", "not of the form"},
		{"no host", "postgres://u@/db", "names no host"},
		{"no user", "postgres://host/db", "names no user"},
		{"no database", "mysql://u@host", "names no database"},
		{"no database but a slash", "mysql://u@host/", "names no database"},
		{"two databases", "mysql://u@host/a/b", "names no database"},
		{"a port that is none", "mysql://u@host:99999/db", "port"},
		{"an unknown option", "postgres://u@host/db?search_path=x", `the option "search_path"; it may have host, sslmode`},
		{"an option twice", "postgres://u@host/db?sslmode=require&sslmode=disable", `the option "sslmode"`},
		{"an option of the other", "mysql://u@host/db?sslmode=require", `the option "sslmode"; it may have socket, tls`},
		{"a timeout that is none", "mysql://u@host/db?connect_timeout=soon", "connect_timeout"},
		{"a socket beside a host", "mysql://u@host/db?socket=/run/x", "no host stands before it"},
		{"a socket that is no path", "postgres://u@/db?host=other", "begins with /"},
		{"a host for a file", "sqlite://shop.db", "sqlite:///ABSOLUTE/FILE"},
		{"no file", "sqlite:", "sqlite:///ABSOLUTE/FILE"},
		{"a folder", "sqlite:///data/", "sqlite:///ABSOLUTE/FILE"},
		{"a mode of TLS", "postgres://u@127.0.0.1:1/db?sslmode=maybe", `sslmode "maybe"`},
		{"another", "mysql://u@127.0.0.1:1/db?tls=maybe", "tls=maybe"},
		{"a certificate that is not there", "postgres://u@127.0.0.1:1/db?sslmode=verify-full&sslrootcert=/no/such", "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := failure(t, Settings{Connect: c.connect, Table: "orders"})
			if !strings.Contains(text, c.want) || strings.Contains(text, "Secret1") {
				t.Errorf("%q, want %q in it", text, c.want)
			}
		})
	}
}

func TestSplitName(t *testing.T) {
	for in, want := range map[string]string{
		"orders": "orders", "public.orders": "public|orders", `"my.schema"."a ""b"""`: `my.schema|a "b"`,
		"`a.b`": "a.b", "订 单": "订 单", `x."y"`: "x|y", `"x".y`: "x|y", `"`: "", `"a`: "", `"a"b`: "", "a.": "", ".a": "", "a..b": "", "a.b.c": "", `""`: "", "a\x00": "",
		`a"b`: `a"b`, "a;b": "a;b",
	} {
		parts, err := splitName(in)
		if got := strings.Join(parts, "|"); got != want || (err != nil) != (want == "") {
			t.Errorf("%q is %q, %v; want %q", in, got, err, want)
		}
	}
}

func FuzzSplitName(f *testing.F) {
	for _, s := range []string{"orders", "a.b", `"a.b"."c"`, "`x``y`", `"`, `"a""`, `"".""`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if strings.TrimSpace(name) == "" {
			return
		}
		parts, err := splitName(name)
		if err != nil {
			return
		}
		var quoted []string
		for _, p := range parts {
			quoted = append(quoted, selection{quote: '"'}.name(p))
		}
		again, err := splitName(strings.Join(quoted, "."))
		if err != nil || strings.Join(again, "\x00") != strings.Join(parts, "\x00") {
			t.Errorf("%q is %q, quoted %q, %v", name, parts, again, err)
		}
	})
}

// Whatever connect is, no error or name shows the password in it.
func FuzzConnect(f *testing.F) {
	for _, s := range []string{"postgres://u:%s@host/db", "mysql://u:%s@h:1/d?x=y", "postgres://u@h/d?password=%s", "sqlite:///x", "postgres://u:a%s@b@c/d", "mariadb://:%s@/", "mysql://u:12/x:%s@host/db", "mysql://u:12#:%s@host/db"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, form string) {
		if !strings.Contains(form, ":%s@") && !strings.Contains(form, "password=%s") || strings.HasPrefix(strings.TrimSpace(form), "sqlite") {
			return
		}
		const secret = "S3cret-Word"
		connect := strings.Replace(form, "%s", secret, 1)
		if _, err := parseConnect(connect); err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v", connect, err)
		} else if name := Name(connect, "t", ""); strings.Contains(name, secret) {
			t.Errorf("%q: %s", connect, name)
		}
	})
}
