-- Who was treated in earlier lists, when and on which channel.
-- reads:  target_list_members, target_lists
-- gives:  member BIGINT, list_id VARCHAR, campaign_id VARCHAR, day INTEGER, channel VARCHAR
SELECT m.member, m.list_id, l.campaign_id, CAST(l."on" - DATE '1970-01-01' AS INTEGER) AS day, l.channel
FROM target_list_members AS m JOIN target_lists AS l ON m.list_id = l.list_id
WHERE m.arm <> 'control'
