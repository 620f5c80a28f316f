-- Responses of a file.
INSERT INTO facts.responses
SELECT $source, id, campaign_id, member, card, occurred_at, occurred_on, CAST(occurred_on - DATE '1970-01-01' AS INTEGER),
  event, arm, converted(value, rate), machine, updated_at, content, coalesce(batch, $batch), line
FROM stage;
