-- Facts that stand several times in the new batches. {rows} has the facts, {id}
-- their id; the batches from $first on are new. repeated has the ids that the
-- reader saw twice, unless $look: then there may be more of them.
CREATE OR REPLACE TEMP TABLE several AS
SELECT source, CAST({id} AS VARCHAR) AS id FROM {rows} WHERE $look AND batch_id >= $first GROUP BY ALL HAVING count(*) > 1
UNION
SELECT source, id FROM repeated;
