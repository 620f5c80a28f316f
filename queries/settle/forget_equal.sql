-- What was found to be a copy needs no ranking.
DELETE FROM contested USING copies AS c WHERE contested.source = c.source AND contested.id = c.id;
