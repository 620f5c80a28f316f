-- Whose address has been contacted as often as a cap allows: this contact would be
-- one too many within the days of the cap, whichever days of those around these are.
-- An address that several customers have counts once for all of them.
-- grain:  contact
-- reads:  target_touches, target_reach
-- gives:  contact VARCHAR, touches BIGINT
SELECT r.contact, count(DISTINCT t.touch) AS touches
FROM target_touches AS t JOIN target_reach AS r ON t.person = r.person
WHERE abs(t.day - CAST($on AS INTEGER)) < CAST($days AS INTEGER) AND ($cap_channel = '' OR coalesce(t.channel, $cap_channel) = $cap_channel)
GROUP BY r.contact
HAVING count(DISTINCT t.touch) >= CAST($contacts AS BIGINT)
