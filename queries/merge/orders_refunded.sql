-- Refunds that orders tell of: an amount given back, or a dated cancellation of
-- the whole order.
INSERT INTO facts.refunds
WITH told AS (
  SELECT *,
    CASE WHEN coalesce(refunded, 0) > 0 THEN refunded
      WHEN cancelled_on IS NOT NULL OR (status IN ('cancelled', 'refunded') AND refunded_on IS NOT NULL) THEN amount END AS back
  FROM versions ANTI JOIN (SELECT line FROM aside WHERE outcome IN ('duplicate', 'superseded')) AS a ON versions.line = a.line
  WHERE NOT is_refund AND counted AND (refunded > 0 OR cancelled_on IS NOT NULL OR status IN ('cancelled', 'refunded'))
),
dated AS (
  SELECT *, coalesce(refunded_at, cancelled_at, updated_at, ordered_at) AS back_at,
    coalesce(refunded_on, cancelled_on, updated_on, ordered_on) AS back_on
  FROM told
)
SELECT source, id || ':refund', id, member, member, back_at, back_on, back_on, CAST(back_on - DATE '1970-01-01' AS INTEGER),
  back, back, coalesce(currency, reporting), coalesce(status, 'refunded'), 'order', true, updated_at, content, batch_id, line
FROM dated WHERE back > 0;
