-- Products of a file.
INSERT INTO facts.products
SELECT $source, id, name, category, brand, converted(price, rate), converted(cost, rate), updated_at, content, coalesce(batch, $batch), line
FROM stage;
