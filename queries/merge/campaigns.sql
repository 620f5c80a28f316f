-- Campaigns of a file: one row per source and campaign, the newest.
DELETE FROM facts.campaigns WHERE source = $source AND campaign_id IN (SELECT id FROM fate WHERE outcome = 'replaces');

INSERT INTO facts.campaigns
SELECT $source, s.id, s.name, s.channel, s.started_on, s.ended_on, s.cost, s.objective, s.updated_at, s.content, $batch, s.line
FROM stage AS s JOIN fate AS f ON s.line = f.line
WHERE f.outcome IN ('new', 'replaces');
