-- Rows of link files of which an id is not known: perhaps it is misspelt, or its file is not loaded yet.
-- severity: warning
-- grain:  place
-- reads:  identity_links
-- gives:  place VARCHAR, left_id VARCHAR, right_id VARCHAR, action VARCHAR
SELECT place, left_id, right_id, action FROM identity_links WHERE NOT known ORDER BY place
