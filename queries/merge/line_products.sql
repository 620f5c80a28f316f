-- Products that lines name and no products file of this source described.
INSERT INTO facts.products
WITH named AS (
  SELECT product_id, arg_min(product_name, line) AS name, arg_min(category, line) AS category, arg_min(brand, line) AS brand,
    arg_max(unit_price, line) AS price, min(line) AS line
  FROM stage_lines WHERE product_id IS NOT NULL GROUP BY product_id
)
SELECT $source, n.product_id, n.name, n.category, n.brand, n.price, NULL, NULL, 0, $batch, n.line
FROM named AS n
WHERE NOT EXISTS (SELECT 1 FROM facts.products AS p WHERE p.source = $source AND p.product_id = n.product_id);
