package engine

import (
	"context"
	"fmt"
	"strings"

	"clientele/engine/internal/duck"
	"clientele/queries"
)

// orderColumns are the columns of the table of orders, and those that facts.orders
// shows beside them and that it has only once a file can tell of them.
type orderColumns struct {
	has   []string
	types map[string]string // of those that it does not have yet
}

// appendOrders puts the orders in stage into their table.
func (m *merge) appendOrders() error {
	return m.run("orders", strings.ReplaceAll(queries.Get("merge/orders").SQL, "{columns}", strings.Join(m.orderTable.has, ", ")))
}

// widen adds the columns to the table of orders that the file can tell of and that
// none before it could. Nothing may be reading the table meanwhile.
func (m *merge) widen() error {
	if m.source.Kind != "orders" {
		return nil
	}
	if _, err := m.columnsOfOrders(m.ctx); err != nil {
		return err
	}
	for _, name := range sortedKeys(m.orderTable.types) {
		if !m.names(toldBy(name)...) {
			continue
		}
		for _, table := range []string{ordersTable, oldOrdersTable} {
			if err := m.db.Exec(m.ctx, "ALTER TABLE "+table+" ADD COLUMN "+duck.Identifier(name)+" "+m.orderTable.types[name]); err != nil {
				return fmt.Errorf("add %s to the orders: %w", name, err)
			}
		}
		m.orderTable.has = append(m.orderTable.has, name)
		delete(m.orderTable.types, name)
	}
	return nil
}

// toldBy are the columns of a file from which a column of orders is made.
func toldBy(column string) []string {
	switch column {
	case "cost":
		return []string{"cost", "line_cost"}
	case "refunded_at", "refunded_on": // money went back where the file tells of an amount or of a day
		return []string{"refunded", "refunded_at", "refunded_on", "cancelled_at", "cancelled_on"}
	}
	return []string{column}
}

// columnsOfOrders are the columns as they are now.
func (w *writer) columnsOfOrders(ctx context.Context) (*orderColumns, error) {
	if w.orderTable != nil {
		return w.orderTable, nil
	}
	t, err := w.db.Query(ctx, `SELECT v.column_name AS name, v.data_type AS type, t.column_name IS NOT NULL AS there
FROM duckdb_columns() AS v LEFT JOIN duckdb_columns() AS t ON t.schema_name = 'facts' AND t.table_name = 'order_rows' AND t.column_name = v.column_name
WHERE v.schema_name = 'facts' AND v.table_name = 'orders' AND v.column_name NOT IN ('source', 'ordered_on')
ORDER BY v.column_index`)
	if err != nil {
		return nil, err
	}
	c := &orderColumns{types: map[string]string{}}
	names, types, there := t.Column("name"), t.Column("type"), t.Column("there")
	for i := range t.Rows() {
		name := string(names.Texts.At(i))
		if there.Bools[i] {
			c.has = append(c.has, name)
			continue
		}
		c.types[name] = string(types.Texts.At(i))
	}
	w.orderTable = c
	return c, nil
}
