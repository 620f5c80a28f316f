-- Customers, cards, terms and articles that no fact names any more.
CREATE OR REPLACE TEMP TABLE used_members AS
SELECT member FROM facts.order_rows UNION SELECT member FROM facts.superseded_order_rows UNION SELECT member FROM facts.refunds
UNION SELECT member FROM facts.superseded_refunds UNION SELECT member FROM facts.interactions UNION SELECT member FROM facts.superseded_interactions
UNION SELECT member FROM facts.responses UNION SELECT member FROM facts.superseded_responses UNION SELECT member FROM facts.customers;

DELETE FROM identities WHERE NOT EXISTS (SELECT 1 FROM used_members AS u WHERE u.member = identities.member);

CREATE OR REPLACE TEMP TABLE used_cards AS
SELECT card FROM facts.order_versions UNION SELECT card FROM facts.superseded_order_versions UNION SELECT card FROM facts.refunds
UNION SELECT card FROM facts.superseded_refunds UNION SELECT card FROM facts.interactions UNION SELECT card FROM facts.superseded_interactions
UNION SELECT card FROM facts.responses UNION SELECT card FROM facts.superseded_responses;

DELETE FROM facts.cards WHERE NOT EXISTS (SELECT 1 FROM used_cards AS u WHERE u.card = facts.cards.card);

DELETE FROM facts.terms WHERE NOT EXISTS (SELECT 1 FROM facts.order_rows AS o WHERE o.terms = facts.terms.terms)
  AND NOT EXISTS (SELECT 1 FROM facts.superseded_order_rows AS o WHERE o.terms = facts.terms.terms);

DELETE FROM facts.articles WHERE NOT EXISTS (SELECT 1 FROM facts.order_lines AS l WHERE l.article = facts.articles.article)
  AND NOT EXISTS (SELECT 1 FROM facts.superseded_order_lines AS l WHERE l.article = facts.articles.article);
