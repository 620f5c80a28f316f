package database

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// increment is a column and the values that come into it, one group after the
// other: each group begins with the greatest value of the group before.
type increment struct {
	typ    string
	groups [3][]string // SQL
}

func increments(engine string) map[string]increment {
	times := increment{groups: [3][]string{{"'2024-01-31 09:30:00'", "'2024-01-31 09:30:00.123455'", "'2024-01-31 09:30:00.123456'"}, {"'2024-01-31 09:30:00.123456'", "'2024-01-31 09:30:00.5'"}, {"'2024-01-31 09:30:00.5'", "'2024-02-01'"}}}
	of := func(typ string, i increment) increment { i.typ = typ; return i }
	all := map[string]increment{
		"integers past 2^53": {"bigint", [3][]string{{"-1", "9007199254740992"}, {"9007199254740992", "9007199254740993"}, {"9007199254740993", "9223372036854775807"}}},
		"decimals":           {"numeric(30,10)", [3][]string{{"-2.5", "9", "10000000000000000000.0000000001"}, {"10000000000000000000.0000000001", "10000000000000000000.0000000002"}, {"10000000000000000000.0000000002"}}},
		"texts":              {"varchar(50)", [3][]string{{"''", "'a'", "'b'"}, {"'b'", "'b''c'"}, {"'b''c'", "'客户'"}}},
		"days":               {"date", [3][]string{{"'2023-12-31'", "'2024-02-29'"}, {"'2024-02-29'", "'2024-03-01'"}, {"'2024-03-01'"}}},
	}
	floats := [3][]string{{"-1.5e-7", "0.7"}, {"0.7", "0.8"}, {"0.8", "16777216"}}
	switch engine {
	case "postgres":
		all["instants"], all["local times"] = of("timestamptz", times), of("timestamp", times)
		all["short floats"], all["floats"] = increment{"float4", floats}, increment{"float8", floats}
		all["uuids"] = increment{"uuid", [3][]string{{"'018d5f00-0000-7000-8000-000000000000'", "'018d5f00-0000-7000-8000-00000000000f'"}, {"'018d5f00-0000-7000-8000-00000000000f'"}, {"'018d5f00-0000-7000-8000-00000000000f'", "'f18d5f00-0000-7000-8000-00000000000f'"}}}
	case "mysql":
		all["instants"], all["local times"] = of("timestamp(6) NULL", times), of("datetime(6)", times)
		all["short floats"], all["floats"] = increment{"float", floats}, increment{"double", floats}
		all["unsigned"] = increment{"bigint unsigned", [3][]string{{"1", "18446744073709551614"}, {"18446744073709551614", "18446744073709551615"}, {"18446744073709551615"}}}
	case "sqlite":
		delete(all, "decimals") // are floats to SQLite
		all["floats"] = increment{"real", floats}
		all["times as texts"] = of("datetime", times)
		all["seconds"] = increment{"datetime", [3][]string{{"1709163000"}, {"1709163000", "1709163000.5"}, {"1709163000.5", "1709163001"}}}
		all["numbers in a column of no type"] = increment{"", [3][]string{{"9"}, {"9", "10"}, {"10"}}}
	}
	return all
}

// Reading on from the last value misses no row, and reads again only those that
// share that value.
func TestIncrements(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		for name, in := range increments(e.name) {
			t.Run(name, func(t *testing.T) {
				e.do(t, "DROP TABLE IF EXISTS steps", "CREATE TABLE steps (id int, w "+in.typ+")")
				s := e.settings(t, "steps")
				s.Watermark = "w"
				id, known := 0, map[string]string{} // the value of each row read
				for step, group := range in.groups {
					var fresh []string
					for _, v := range group {
						id++
						fresh = append(fresh, fmt.Sprint(id))
						e.do(t, fmt.Sprintf("INSERT INTO steps VALUES (%d, %s)", id, v))
					}
					got := read(t, s)
					for _, row := range got.rows {
						if row[1] != s.After && known[row[0]] != "" {
							t.Errorf("step %d: row %v was read before, and is not of the last value %s", step, row, s.After)
						}
						known[row[0]] = row[1]
					}
					for _, id := range fresh {
						if known[id] == "" && group[0] != "''" {
							t.Errorf("step %d: row %s, one of %s, was not read from %s on", step, id, group, s.After)
						}
					}
					if want := known[fmt.Sprint(id)]; got.last != want {
						t.Errorf("step %d: the last value is %q, want %q", step, got.last, want)
					}
					s.After = got.last
				}
				if again := read(t, s); again.last != s.After || len(again.rows) == 0 {
					t.Errorf("without new rows: %d rows from %s, the last value %s", len(again.rows), s.After, again.last)
				}
			})
		}
	})
}

// Rows without a value are read with all others, and never on from a value.
func TestNullWatermark(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		e.do(t, "DROP TABLE IF EXISTS gaps", "CREATE TABLE gaps (id int, w "+e.local+")", "INSERT INTO gaps VALUES (1, '2024-01-31 09:30:00'), (2, NULL), (3, NULL)")
		s := e.settings(t, "gaps")
		s.Watermark = "w"
		got := read(t, s)
		if len(got.rows) != 3 || got.last != "2024-01-31 09:30:00" {
			t.Errorf("read %v, the last value %s", got.rows, got.last)
		}
		if note := `column "w": 2 rows without a value, read now and not when only later rows are read`; !slices.Contains(got.notes, note) {
			t.Errorf("notes %q lack %q", got.notes, note)
		}
		s.After = got.last
		got = read(t, s)
		if len(got.rows) != 1 {
			t.Errorf("read on: %v", got.rows)
		}
		if note := "rows with w from 2024-01-31 09:30:00 on; rows without a value there are not read"; !slices.Contains(got.notes, note) {
			t.Errorf("notes %q lack %q", got.notes, note)
		}
	})
}

// A row that comes late with the last value is read; one with an earlier value is
// not, which is what a watermark means.
func TestLateRows(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		e.do(t, "DROP TABLE IF EXISTS late", "CREATE TABLE late (id int, w "+e.local+")", "INSERT INTO late VALUES (1, '2024-01-31 09:30:00.000001')")
		s := e.settings(t, "late")
		s.Watermark = "w"
		s.After = read(t, s).last
		e.do(t, "INSERT INTO late VALUES (2, '2024-01-31 09:30:00.000001'), (3, '2024-01-31 09:30:00')")
		if got := fmt.Sprint(read(t, s).rows); got != "[[1 2024-01-31 09:30:00.000001] [2 2024-01-31 09:30:00.000001]]" {
			t.Errorf("read %s", got)
		}
		s.After = "2024-01-31" // as a person goes back to have it
		if got := read(t, s); len(got.rows) != 3 || got.last != "2024-01-31 09:30:00.000001" {
			t.Errorf("from the day on: %v, the last value %s", got.rows, got.last)
		}
	})
}

// All rows are those of the moment at which reading began.
func TestOneMoment(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		if e.name == "sqlite" {
			e.do(t, "PRAGMA journal_mode = WAL")
		}
		e.do(t, "DROP TABLE IF EXISTS moment", "CREATE TABLE moment (id int, x int)")
		var rows []string
		for i := range 2000 {
			rows = append(rows, fmt.Sprintf("(%d, 0)", i))
		}
		e.do(t, "INSERT INTO moment VALUES "+strings.Join(rows, ", "))
		s := e.settings(t, "")
		s.Query = "SELECT a.id, a.x FROM moment a, moment b WHERE b.id < 100"
		r, err := Open(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		e.do(t, "UPDATE moment SET x = 1", "DELETE FROM moment WHERE id < 50")
		got, err := drain(r)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.rows) != 200_000-pieceRows {
			t.Errorf("%d rows, want %d", len(got.rows), 200_000-pieceRows)
		}
		if i := slices.IndexFunc(got.rows, func(r []string) bool { return r[1] != "0" }); i >= 0 {
			t.Errorf("row %v is of later", got.rows[i])
		}
	})
}

// From which moment "2024-03-10 02:00" is depends on the zone.
func TestZoneOfAfter(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		if e.name == "sqlite" {
			return // which knows no instants
		}
		e.do(t, "DROP TABLE IF EXISTS instants", "CREATE TABLE instants (id int, i "+e.instant+", l "+e.local+")")
		zone := map[string]string{"postgres": "SET timezone = 'UTC'", "mysql": "SET time_zone = '+00:00'"}[e.name]
		e.do(t, zone, "INSERT INTO instants VALUES (1, '2024-03-09 17:59:59', '2024-03-10 01:59:59'), (2, '2024-03-09 18:00:00', '2024-03-10 02:00:00'), (3, '2024-03-10 02:00:00', '2024-03-10 10:00:00')")
		newYork, err := time.LoadLocation("America/New_York")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			column, after string
			zone          *time.Location
			want          string
		}{
			{"i", "2024-03-10 02:00", shanghai(t), "23"},
			{"i", "2024-03-10 02:00", nil, "3"},
			{"i", "2024-03-10 02:00", newYork, ""}, // put forward to 03:00, 07:00 UTC
			{"i", "2024-03-09 13:00", newYork, "23"},
			{"i", "2024-03-10T02:00:00+08:00", nil, "23"},
			{"i", "2024-03-09T18:00:00.000001Z", newYork, "3"},
			{"i", "2024-03-10", shanghai(t), "123"},
			{"l", "2024-03-10 02:00", shanghai(t), "23"},
			{"l", "2024-03-10 02:00", newYork, "23"}, // as it stands
			{"l", "2024-03-09T18:00:00Z", shanghai(t), "23"},
			{"l", "2024-03-10", nil, "123"},
		} {
			s := e.settings(t, "instants")
			s.Watermark, s.After, s.Zone = c.column, c.after, c.zone
			ids := ""
			for _, row := range read(t, s).rows {
				ids += row[0]
			}
			if ids != c.want {
				t.Errorf("%s from %s in %v: rows %s, want %s", c.column, c.after, c.zone, ids, c.want)
			}
		}
	})
}

// The first of two moments at which clocks showed the same time leaves nothing out.
func TestFirstOfTwo(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	got, err := bound(column{class: classInstant}, "2024-11-03 01:30", newYork)
	if want := "2024-11-03T05:30:00Z"; got != want || err != nil { // before clocks went back at 06:00 UTC
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

// Values that nothing exceeds do not end the reading for ever.
func TestInfinity(t *testing.T) {
	doPostgres(t, "DROP TABLE IF EXISTS forever", "CREATE TABLE forever (t timestamptz, d date, n numeric, f float8)",
		"INSERT INTO forever VALUES ('infinity', 'infinity', 'NaN', 'Infinity'), ('2024-01-31Z', '2024-01-31', 7, 0.5), ('-infinity', '-infinity', '-Infinity', '-Infinity'), ('0044-03-15Z BC', '0044-03-15 BC', 1, 0.1)")
	for column, want := range map[string]string{"t": "2024-01-31T00:00:00Z", "d": "2024-01-31", "n": "7", "f": "0.5"} {
		s := postgresSettings(t, "forever")
		s.Watermark = column
		got := read(t, s)
		if got.last != want || len(got.rows) != 4 {
			t.Errorf("%s: the last value is %s of %d rows, want %s", column, got.last, len(got.rows), want)
		}
		if !slices.ContainsFunc(got.notes, func(n string) bool { return strings.Contains(n, "beyond all others") }) {
			t.Errorf("%s: notes %q", column, got.notes)
		}
		s.After = got.last
		if again := read(t, s); again.last != want || len(again.rows) != 2 {
			t.Errorf("%s: read on, the last value is %s of %d rows", column, again.last, len(again.rows))
		}
	}
}

func TestUnfitWatermarks(t *testing.T) {
	doPostgres(t, "DROP TABLE IF EXISTS unfit", "CREATE TABLE unfit (j jsonb, b bytea, t time, a int[], x bool)")
	for _, column := range []string{"j", "b", "t", "a", "x"} {
		s := postgresSettings(t, "unfit")
		s.Watermark = column
		if text := failure(t, s); !strings.Contains(text, "whose values have no order to read on from") {
			t.Errorf("%s: %s", column, text)
		}
	}
	e := engines(t)[2]
	e.do(t, "CREATE TABLE mixed (id int, w datetime)", "INSERT INTO mixed VALUES (1, '2024-01-31 09:30:00'), (2, 1709163000)")
	s := e.settings(t, "mixed")
	s.Watermark = "w"
	if text := failure(t, s); !strings.Contains(text, "row 2: the watermark column w holds numbers and texts") {
		t.Error(text)
	}
}

func TestCompareNumbers(t *testing.T) {
	number := rapid.StringMatching(`[-+]?(0{0,3}[0-9]{1,25}(\.[0-9]{1,12})?|\.[0-9]{1,12})`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		x, ok1 := new(big.Rat).SetString(a)
		y, ok2 := new(big.Rat).SetString(b)
		if !ok1 || !ok2 || !isNumber([]byte(a)) || !isNumber([]byte(b)) {
			t.Fatalf("%q or %q is no number", a, b)
		}
		if got, want := compareNumbers([]byte(a), []byte(b)), x.Cmp(y); got != want {
			t.Errorf("%s against %s is %d, want %d", a, b, got, want)
		}
	})
	for _, c := range []struct {
		a, b string
		want int
	}{{"-0", "0", 0}, {"1e300", "2", 1}, {"1e+21", "1e21", 0}, {"-1e-10", "0", -1}, {"1.50", "1.5", 0}, {"007", "7", 0}} {
		if got := compareNumbers([]byte(c.a), []byte(c.b)); got != c.want {
			t.Errorf("%s against %s is %d, want %d", c.a, c.b, got, c.want)
		}
	}
	for _, none := range []string{"", "-", ".", "NaN", "Infinity", "0x10", "1_000", "12a", "１"} {
		if isNumber([]byte(none)) {
			t.Errorf("%q is taken as a number", none)
		}
	}
}

func TestCompareTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) (time.Time, []byte) {
			at := time.UnixMicro(rapid.Int64Range(0, 3_000_000).Draw(t, name)).UTC()
			layout := rapid.SampledFrom([]string{"2006-01-02 15:04:05.999999", "2006-01-02 15:04:05.000000"}).Draw(t, name+" layout")
			return at, []byte(at.Format(layout))
		}
		a, x := draw("a")
		b, y := draw("b")
		if got, want := compareTimes(x, y), a.Compare(b); got != want {
			t.Errorf("%s against %s is %d, want %d", x, y, got, want)
		}
	})
}
