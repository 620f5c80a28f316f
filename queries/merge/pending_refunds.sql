-- Refunds that name an order and no customer get the order's, once it is known.
UPDATE facts.refunds SET member = o.member
FROM (
  SELECT order_id, min(member) AS member FROM facts.orders
  WHERE member IS NOT NULL AND order_id IN (SELECT order_id FROM facts.refunds WHERE member IS NULL AND order_id IS NOT NULL)
  GROUP BY order_id HAVING count(DISTINCT member) = 1
) AS o
WHERE facts.refunds.member IS NULL AND facts.refunds.order_id = o.order_id;
