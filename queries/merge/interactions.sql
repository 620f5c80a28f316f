-- Interactions of a file, with what was said.
INSERT INTO facts.interactions
SELECT $source, id, member, card, occurred_at, occurred_on, CAST(occurred_on - DATE '1970-01-01' AS INTEGER),
  kind, channel, direction, agent, topic, first_response_at, resolved_at, contacts, satisfaction, nps, converted(cost, rate), body,
  updated_at, content, coalesce(batch, $batch), line
FROM stage;
