-- What an amount is worth in the reporting currency: rate is NULL where it is in
-- it already. Exact, rounded half away from zero.
CREATE OR REPLACE TEMP MACRO converted(amount, rate) AS
  CASE WHEN rate IS NULL THEN amount ELSE CAST(amount * CAST(rate AS DECIMAL(20,12)) AS DECIMAL(18,4)) END;
