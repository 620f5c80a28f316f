-- The terms on which the file's orders were placed and that the store does not know yet.
INSERT INTO facts.terms
SELECT a.* FROM arrived_terms AS a WHERE NOT EXISTS (SELECT 1 FROM facts.terms AS t WHERE t.terms = a.terms);
