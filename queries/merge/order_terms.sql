-- The terms of staged orders, which stand in columns of their own, as the store keeps them.
INSERT INTO facts.terms
WITH told AS (
  SELECT DISTINCT shop, channel, currency, coupon, campaign_id FROM stage WHERE terms IS NULL
),
keyed AS (
  SELECT terms_of(shop, channel, currency, coupon, campaign_id) AS terms, * FROM told
)
SELECT k.* FROM keyed AS k WHERE k.terms IS NOT NULL AND NOT EXISTS (SELECT 1 FROM facts.terms AS t WHERE t.terms = k.terms);
