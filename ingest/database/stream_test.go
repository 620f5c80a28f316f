package database

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"clientele/engine/table"
	"clientele/ingest"
)

// testRows is how many rows the test of memory reads from each database.
var testRows = flag.Int("database.rows", 300_000, "rows of about 100 bytes that the test of memory reads from each database")

// Memory stays what a few pieces take, however many rows there are.
func TestMemoryIsBounded(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		s := e.settings(t, "")
		s.Query, s.Watermark = many(e, *testRows), "id"
		r, err := Open(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		first, most, rows := uint64(0), uint64(0), 0
		for pieces := 0; ; pieces++ {
			p, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			b, err := p.Parse()
			if err != nil {
				t.Fatal(err)
			}
			if rows += b.Rows(); b.Rows() > pieceRows || len(b.Data) > pieceBytes+200 {
				t.Fatalf("a piece of %d rows and %d bytes", b.Rows(), len(b.Data))
			}
			b.Release()
			if pieces%8 == 0 {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				if most = max(most, m.HeapAlloc); first == 0 {
					first = m.HeapAlloc
				}
			}
		}
		if rows != *testRows || r.Last() != fmt.Sprint(*testRows) {
			t.Errorf("%d rows, the last value %s, want %d", rows, r.Last(), *testRows)
		}
		if most > first+4<<20 {
			t.Errorf("memory grew from %d to %d KiB", first>>10, most>>10)
		}
	})
}

// orders makes a table of orders: three good ones, one without a date, one that
// comes twice.
func orders(t *testing.T, e engine) Settings {
	e.do(t, "DROP TABLE IF EXISTS shop_orders",
		"CREATE TABLE shop_orders (order_id varchar(20), customer_id int, order_date "+e.local+", amount numeric(12,2), status varchar(20), note "+e.text+")",
		`INSERT INTO shop_orders VALUES ('A1', 7, '2024-01-31 23:30:00', 10.50, 'paid', '客户'), ('A2', 8, '2024-02-29 00:00:00.5', 1234567.89, 'shipped', NULL),
			('A3', NULL, '2024-02-29', 0, 'paid', ''), ('A4', 7, NULL, 5, 'paid', 'x,"y'), ('A1', 7, '2024-01-31 23:30:00', 10.50, 'paid', '客户')`)
	s := e.settings(t, "shop_orders")
	s.Watermark = "order_date"
	return s
}

func openOrders(t *testing.T, ctx context.Context, s Settings) (*ingest.File, *Reader, error) {
	var reader *Reader
	opt := ingest.Options{Kind: "orders", Now: time.Date(2025, 6, 30, 12, 0, 0, 0, time.UTC), Zone: shanghai(t), Workers: 2}
	f, err := ingest.OpenStream(ctx, Name(s.Connect, s.Table, s.Query), opt, func() (ingest.Reader, ingest.Detected, error) {
		r, err := Open(ctx, s)
		if err != nil {
			return nil, ingest.Detected{}, err
		}
		reader = r
		return r, r.Detected(), nil
	})
	return f, reader, err
}

// A table of orders becomes columns, with every row accounted for.
func TestLoad(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		s := orders(t, e)
		hashes := map[string]bool{}
		for range 2 {
			f, r, err := openOrders(t, t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			read, rows, net := 0, 0, int64(0)
			var rejects []ingest.Reject
			var days []string
			err = f.Load(t.Context(), func(c *ingest.Chunk) error {
				read, rows, rejects = read+c.Read, rows+c.Table.Rows(), append(rejects, c.Rejects...)
				for i := range c.Table.Rows() {
					net += c.Table.Column("net").Ints[i]
					days = append(days, time.UnixMicro(c.Table.Column("ordered_at").Ints[i]).UTC().Format("2006-01-02T15:04:05.9Z"))
				}
				if c.Table.Column("ordered_at").Kind != table.Timestamp {
					t.Error("ordered_at is no timestamp")
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			// 10.50 + 1234567.89 + 0 + 10.50, in units of 1/10,000; 23:30 in Shanghai is 15:30 UTC.
			if read != 5 || rows != 4 || len(rejects) != 1 || net != 12345888900 {
				t.Errorf("%d read, %d rows, %d rejects, net %d", read, rows, len(rejects), net)
			}
			if got, want := strings.Join(days, " "), "2024-01-31T15:30:00Z 2024-02-28T16:00:00.5Z 2024-02-28T16:00:00Z 2024-01-31T15:30:00Z"; got != want {
				t.Errorf("ordered at %s, want %s", got, want)
			}
			if raw := `A4,7,,5.00,paid,"x,""y"`; len(rejects) == 1 && (rejects[0].Line != 4 || rejects[0].Raw != raw && e.name != "sqlite") {
				t.Errorf("rejected %+v, want %s", rejects[0], raw)
			}
			if want := map[string]string{"postgres": "2024-02-29 00:00:00.5", "mysql": "2024-02-29 00:00:00.500000", "sqlite": "2024-02-29 00:00:00.5"}[e.name]; r.Last() != want {
				t.Errorf("the last value is %s, want %s", r.Last(), want)
			}
			hashes[f.Hash] = true
			if f.Path != Name(s.Connect, s.Table, "") || f.Format == "" {
				t.Errorf("%s, %s", f.Path, f.Format)
			}
		}
		if len(hashes) != 1 || hashes[""] {
			t.Errorf("hashes of the same rows: %v", hashes)
		}
	})
}

// A connection that is lost while rows are being stored is an error of the load.
func TestLoadIsLost(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		if e.name == "sqlite" {
			return // it has no connection to lose
		}
		s := e.settings(t, "")
		s.Query = strings.Replace(many(e, 2_000_000), " AS id", " AS order_id, 7 AS customer_id, '2024-01-31' AS order_date", 1)
		if e.name == "postgres" {
			s.Query = "SELECT generate_series(1, 2000000) AS order_id, 7 AS customer_id, '2024-01-31'::date AS order_date"
		}
		f, _, err := openOrders(t, t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		rows, killed := 0, false
		err = f.Load(t.Context(), func(c *ingest.Chunk) error {
			if rows += c.Read; killed {
				return nil
			}
			killed = true
			if e.name == "postgres" {
				return postgresDo("shop", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'shop'")
			}
			return mysqlDo("shop", "KILL USER shop")
		})
		if err == nil || !strings.HasPrefix(err.Error(), f.Path+": after row ") || f.Hash != "" || rows >= 2_000_000 {
			t.Errorf("%d rows, hash %q, error %v", rows, f.Hash, err)
		}
	})
}

// BenchmarkRead reads a table of eight columns, beside scanning the same rows into
// strings, through database/sql and, for PostgreSQL, pgx.
func BenchmarkRead(b *testing.B) {
	const rows = 100_000
	for _, e := range engines(b) {
		b.Run(e.name, func(b *testing.B) {
			fill := many(e, rows)
			columns := "id, 12345.67 AS amount, 'paid' AS status, 'a shop of ours' AS shop, 'EUR' AS currency, id * 7 AS customer, '2024-01-31 09:30:00.123456' AS at, filler"
			if e.name == "postgres" {
				columns = strings.Replace(columns, "'2024-01-31 09:30:00.123456' AS", "'2024-01-31 09:30:00.123456Z'::timestamptz AS", 1)
			}
			e.do(b, "DROP TABLE IF EXISTS speed", "CREATE TABLE speed AS SELECT "+columns+" FROM ("+fill+") AS f")
			s := e.settings(b, "speed")
			b.Run("reader", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					r, err := Open(b.Context(), s)
					if err != nil {
						b.Fatal(err)
					}
					for n := 0; ; {
						p, err := r.Next()
						if errors.Is(err, io.EOF) && n == rows {
							break
						}
						if err != nil {
							b.Fatal(err)
						}
						block, err := p.Parse()
						if err != nil {
							b.Fatal(err)
						}
						n += block.Rows()
						block.Release()
					}
					r.Close()
				}
				b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
			b.Run("scan", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if e.name == "postgres" {
						scanPostgres(b, rows)
					} else {
						scanSQL(b, s, rows)
					}
				}
				b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		})
	}
}

func scanPostgres(b *testing.B, want int) {
	conn, err := pgx.Connect(b.Context(), fmt.Sprintf("postgres://admin@127.0.0.1:%d/shop?sslmode=disable", postgresServer.port))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	rows, err := conn.Query(b.Context(), "SELECT * FROM speed", pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		b.Fatal(err)
	}
	scan(b, rows, want)
}

func scanSQL(b *testing.B, s Settings, want int) {
	driver, source := "sqlite", file2uri(strings.TrimPrefix(s.Connect, "sqlite://"))
	if strings.HasPrefix(s.Connect, "mariadb") {
		driver, source = "mysql", fmt.Sprintf("root@unix(%s)/shop", mysqlServer.socket)
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT * FROM speed")
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	scan(b, rows, want)
}

func scan(b *testing.B, rows interface {
	Next() bool
	Scan(...any) error
	Err() error
}, want int) {
	values, places := make([]*string, 8), make([]any, 8)
	for i := range values {
		places[i] = &values[i]
	}
	n := 0
	for ; rows.Next(); n++ {
		if err := rows.Scan(places...); err != nil {
			b.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil || n != want {
		b.Fatal(n, err)
	}
}
