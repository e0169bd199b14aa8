-- Appends a batch to a lane and updates every inline view, or does nothing at all. The fence is the head: no row comes
-- back, and nothing is written, unless the head has the position and the term that the writer expects, and every guard
-- holds. A time that is ahead of the server's clock gets in nowhere: it would be the least of every later event's, for ever.
-- Only tables that get rows have their part in the statement: `append/<table>.sql`, whose parameter is a JSON
-- array of rows, and its guard if it has one. Envelopes and sealed deliveries are arrays beside their rows: they are most
-- of a batch, and read as JSON they would take half of the time of an append.
--   1 lane   2 expected position   3 expected term   4 recorded at
--   5 seconds by which it may be recorded ahead of the server's clock   6 accounts of the events, in order
--   7 their versions   8 types   9 effective times   10 envelopes   11 digests
WITH door AS MATERIALIZED (
    -- CASE: the guards are asked before anything is written.
    SELECT CASE WHEN true /* guards */ THEN append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) END AS position
), head AS MATERIALIZED (
    SELECT $1::integer AS lane, position FROM door WHERE position IS NOT NULL
)
/* parts */
SELECT position FROM head
