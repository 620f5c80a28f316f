-- Whether a fact that loading may have changed is of a member whom no identity knows, or an identity that is new stands twice or
-- belongs to nobody. Settled refunds are made anew by every load that may change them, so all of them are looked at; rows of
-- customers stay as they came.
-- reads:  identities, facts.refunds, facts.settled_refunds, facts.interactions, facts.responses, facts.customers, touched_rows, touched_facts, touched_people
-- gives:  wrong BOOLEAN
WITH used AS (
  SELECT member FROM touched_rows
  UNION SELECT member FROM facts.settled_refunds
  UNION SELECT member FROM facts.customers WHERE batch_id >= $first
  UNION SELECT member FROM facts.refunds WHERE batch_id >= $first
  UNION SELECT r.member FROM facts.refunds AS r SEMI JOIN touched_facts AS t ON r.refund_id = t.id AND t.kind = 'refunds'
  UNION SELECT member FROM facts.interactions WHERE batch_id >= $first
  UNION SELECT n.member FROM facts.interactions AS n SEMI JOIN touched_facts AS t ON n.interaction_id = t.id AND t.kind = 'interactions'
  UNION SELECT member FROM facts.responses WHERE batch_id >= $first
  UNION SELECT r.member FROM facts.responses AS r SEMI JOIN touched_facts AS t ON r.response_id = t.id AND t.kind = 'responses'
)
SELECT EXISTS (SELECT 1 FROM used AS u ANTI JOIN identities AS i ON u.member = i.member WHERE u.member IS NOT NULL)
  OR EXISTS (SELECT 1 FROM identities AS i SEMI JOIN touched_people AS t ON i.member = t.member GROUP BY i.member HAVING count(*) > 1)
  OR EXISTS (
    SELECT 1 FROM identities AS i SEMI JOIN touched_people AS t ON i.member = t.member
    ANTI JOIN identities AS p ON i.person = p.member AND p.person = p.member
    WHERE i.person <> i.member
  ) AS wrong
