package ingest

import (
	"context"
	"strings"
	"testing"
)

// What to do about a file is said in the words of who loads it: flags of a command, or
// settings of a source.
func TestAdvice(t *testing.T) {
	for _, c := range []struct {
		rows            []string
		flags, settings string
	}{
		{rows: []string{"a|date|amount", "1|2024-01-31|2"}, flags: "name it with --map customer_id=COLUMN; with --map customer_id=- it is loaded without customers",
			settings: `name it with map: {customer_id: COLUMN} in clientele.yaml; with map: {customer_id: "-"} it is loaded without customers`},
		{rows: []string{"a|b", "1|2"}, flags: "name it with --map customer_id=COLUMN,ordered_at=COLUMN", settings: "name it with map: {customer_id: COLUMN, ordered_at: COLUMN} in clientele.yaml"},
		{rows: []string{"customer_id|date", "1|03/04/2024"}, flags: "say which with --dates dmy or --dates mdy", settings: "say which with dates: dmy or dates: mdy in clientele.yaml"},
		{rows: []string{"customer_id|date|amount", "1|2024-01-31|1.5", "1|2024-01-31|1,5"}, flags: "say which with --decimal . or --decimal ,", settings: `say which with decimal: "." or decimal: "," in clientele.yaml`},
	} {
		for _, configured := range []bool{false, true} {
			opt := options("orders")
			opt.Configured = configured
			want := c.flags
			if configured {
				want = c.settings
			}
			path, open := sheet(t, 10, c.rows...)
			_, err := Open(context.Background(), path, opt, open)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v\nwant %s", err, want)
			}
		}
	}
}
