package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
)

// inputQueries tell the facts of a store apart, whatever files brought them and in
// whatever order. content is a hash of all that a row says, its id too, so the sum of
// those of the current versions names them: one column is read of each table. Of
// customers, products and campaigns all versions stay; where their rows have no
// moment of change, the order of loading decides which is the newest, and is told.
var inputQueries = [...]string{
	`SELECT kind, source, count(*) > 0 AS loaded FROM batches WHERE state = 'loaded' GROUP BY kind, source ORDER BY kind, source`,
	`SELECT 'orders' AS facts, count(*) AS n, count(*) FILTER (counted) AS counted, CAST(sum(content) AS VARCHAR) AS content FROM facts.order_rows
UNION ALL SELECT 'order_lines', count(*), 0, CAST(sum(version) AS VARCHAR) FROM facts.order_lines
UNION ALL SELECT 'refunds', count(*), 0, CAST(sum(content) AS VARCHAR) FROM facts.refunds
UNION ALL SELECT 'interactions', count(*), 0, CAST(sum(content) AS VARCHAR) FROM facts.interactions
UNION ALL SELECT 'responses', count(*), 0, CAST(sum(content) AS VARCHAR) FROM facts.responses
UNION ALL SELECT 'customers', count(*), 0, CAST(sum(content) AS VARCHAR) FROM facts.customers
UNION ALL SELECT 'products', count(*), 0, CAST(sum(content) AS VARCHAR) FROM facts.products
UNION ALL SELECT 'campaigns', count(*), 0, CAST(sum(content) AS VARCHAR) FROM facts.campaigns
ORDER BY facts`,
	`SELECT content_hash FROM batches WHERE state = 'loaded' AND batch_id IN (
  SELECT batch_id FROM facts.customers WHERE updated_at IS NULL
  UNION ALL SELECT batch_id FROM facts.products WHERE updated_at IS NULL
  UNION ALL SELECT batch_id FROM facts.campaigns WHERE updated_at IS NULL)
ORDER BY batch_id`,
	`SELECT CAST("on" AS VARCHAR) AS day, "from", "to", CAST(rate AS VARCHAR) AS rate FROM rates ORDER BY ALL`,
	`SELECT value FROM meta WHERE key = 'identity'`, // the rules and the link files
}

// inputHash identifies the facts and what else they were read with, rates and link
// files: SHA-256, hex.
func inputHash(ctx context.Context, db *duck.DB) (string, error) {
	h := sha256.New()
	for i, query := range inputQueries {
		t, err := db.Query(ctx, query)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, i, t.Rows())
		for row := range t.Rows() {
			for _, c := range t.Columns() {
				fmt.Fprintf(h, "%q ", valueText(c, row))
			}
			fmt.Fprintln(h)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// valueText is a text or a number of a column of these queries.
func valueText(c *table.Column, row int) string {
	switch {
	case c.Missing(row):
		return ""
	case c.Kind == table.Text:
		return string(c.Texts.At(row))
	case c.Kind == table.Bool:
		return fmt.Sprint(c.Bools[row])
	}
	return fmt.Sprint(c.Ints[row])
}
