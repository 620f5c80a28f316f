-- What the file tells of products and the store does not know yet.
INSERT INTO facts.articles
SELECT a.* FROM arrived_articles AS a WHERE NOT EXISTS (SELECT 1 FROM facts.articles AS c WHERE c.article = a.article);
