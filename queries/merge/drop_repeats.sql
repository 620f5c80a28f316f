-- Equal rows of one order in a file with one row per order are repeats.
INSERT INTO facts.repeats
SELECT 'orders', $source, id, content, $batch, line, 1, NULL
FROM stage WHERE line NOT IN (SELECT min(line) FROM stage GROUP BY id, content);

DELETE FROM stage_rows WHERE line NOT IN (SELECT min(line) FROM stage_rows GROUP BY id, content);
