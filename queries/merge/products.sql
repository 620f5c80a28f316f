-- Products of a file: one row per source and product, the newest.
DELETE FROM facts.products WHERE source = $source AND product_id IN (SELECT id FROM fate WHERE outcome = 'replaces');

INSERT INTO facts.products
SELECT $source, s.id, s.name, s.category, s.brand, s.price, s.cost, s.updated_at, s.content, $batch, s.line
FROM stage AS s JOIN fate AS f ON s.line = f.line
WHERE f.outcome IN ('new', 'replaces');
