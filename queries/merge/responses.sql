-- Responses of a file.
DELETE FROM facts.responses WHERE source = $source AND response_id IN (SELECT id FROM fate WHERE outcome = 'replaces');

INSERT INTO facts.responses
SELECT $source, s.id, s.campaign_id, p.member, s.occurred_at, s.occurred_on, CAST(s.occurred_on - DATE '1970-01-01' AS INTEGER),
  s.event, s.arm, s.value, s.machine, s.updated_at, s.content, $batch, s.line
FROM stage AS s JOIN fate AS f ON s.line = f.line CROSS JOIN load AS l
  LEFT JOIN people AS p ON p.id_space = CASE WHEN s.customer_via IN ('email', 'phone') THEN s.customer_via ELSE l.id_space END
    AND p.customer_key = s.customer_key
WHERE f.outcome IN ('new', 'replaces');
