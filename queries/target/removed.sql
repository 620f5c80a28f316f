-- Everybody of the segment who is no member of the list, with the step at which
-- they fell and why: a day and a campaign, a file and its line, another customer.
-- reads:  target_judged, target_placed, target_outcome
-- gives:  customer_id VARCHAR, step VARCHAR, reason VARCHAR
SELECT customer_id, step, reason FROM target_judged WHERE step IS NOT NULL
UNION ALL SELECT customer_id, 'duplicate', best FROM target_placed WHERE place > 1
UNION ALL SELECT customer_id, CASE arm WHEN 3 THEN 'universal' WHEN 4 THEN 'control' ELSE 'limit' END, reason FROM target_outcome WHERE arm IN (0, 3, 4)
