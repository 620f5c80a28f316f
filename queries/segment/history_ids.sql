-- Of the ids of one run those that are another customer's today, and whose. NULL where that customer is in the run anyway: under its
-- own id, or by the smallest of the ids that joined it. It counts once, as that id.
-- grain:  run_id
-- reads:  history_joined, one_scores
-- gives:  run_id VARCHAR, customer_id VARCHAR
WITH there AS (
  SELECT j.run_id, j.customer_id FROM history_joined AS j JOIN one_scores AS s ON j.run_id = s.customer_id
),
taken AS (
  SELECT DISTINCT t.customer_id FROM there AS t JOIN one_scores AS s ON t.customer_id = s.customer_id
),
first AS (
  SELECT customer_id, min(run_id) AS run_id FROM there GROUP BY customer_id
)
SELECT t.run_id, CASE WHEN k.customer_id IS NULL AND f.run_id = t.run_id THEN t.customer_id END AS customer_id
FROM there AS t JOIN first AS f ON t.customer_id = f.customer_id LEFT JOIN taken AS k ON t.customer_id = k.customer_id
ORDER BY t.run_id
