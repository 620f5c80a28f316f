-- What the file tells of its customers and the store does not know yet.
INSERT INTO facts.cards
SELECT a.* FROM arrived_cards AS a WHERE NOT EXISTS (SELECT 1 FROM facts.cards AS c WHERE c.card = a.card);
