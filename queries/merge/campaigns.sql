-- Campaigns of a file.
INSERT INTO facts.campaigns
SELECT $source, id, name, channel, started_on, ended_on, converted(cost, rate), objective,
  recipients, delivered, opened, clicked, converted, unsubscribed, bounced, complained, converted(revenue, rate), updated_at, content, coalesce(batch, $batch), line
FROM stage;
