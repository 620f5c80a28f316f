-- What an amount is worth in the reporting currency: rate is NULL where it is in
-- it already. Exact, rounded half away from zero.
CREATE OR REPLACE TEMP MACRO converted(amount, rate) AS
  CASE WHEN rate IS NULL THEN amount ELSE CAST(amount * CAST(rate AS DECIMAL(20,12)) AS DECIMAL(18,4)) END;

-- The key of the terms of an order that the reader left in their columns.
CREATE OR REPLACE TEMP MACRO terms_of(shop, channel, currency, coupon, campaign_id) AS
  CASE WHEN coalesce(shop, channel, currency, coupon, campaign_id) IS NOT NULL
    THEN CAST(hash(shop, channel, currency, coupon, campaign_id) >> 1 AS BIGINT) END;
