-- Interactions of a file, and their texts apart.
DELETE FROM facts.interactions WHERE source = $source AND interaction_id IN (SELECT id FROM fate WHERE outcome = 'replaces');

DELETE FROM facts.texts WHERE source = $source AND interaction_id IN (SELECT id FROM fate WHERE outcome = 'replaces');

INSERT INTO facts.interactions
SELECT $source, s.id, p.member, s.occurred_at, s.occurred_on, CAST(s.occurred_on - DATE '1970-01-01' AS INTEGER),
  s.kind, s.channel, s.direction, s.agent, s.topic, s.first_response_at, s.resolved_at, CAST(s.contacts AS INTEGER),
  s.satisfaction, CAST(s.nps AS INTEGER), s.cost, s.updated_at, s.content, $batch, s.line
FROM stage AS s JOIN fate AS f ON s.line = f.line CROSS JOIN load AS l
  LEFT JOIN people AS p ON p.id_space = CASE WHEN s.customer_via IN ('email', 'phone') THEN s.customer_via ELSE l.id_space END
    AND p.customer_key = s.customer_key
WHERE f.outcome IN ('new', 'replaces');

INSERT INTO facts.texts
SELECT $source, s.id, s.body, $batch
FROM stage AS s JOIN fate AS f ON s.line = f.line
WHERE f.outcome IN ('new', 'replaces') AND s.body IS NOT NULL;
