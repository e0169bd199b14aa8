-- Appends a batch to a lane and updates every inline view, or does nothing at all. The fence is the head: no row comes
-- back, and nothing is written, unless the head has the position and the term that the writer expects, and every guard
-- holds. A time that is ahead of the server's clock gets in nowhere: it would be the least of every later event's, for ever.
-- Only tables that get rows have their part in the statement: `append/<table>.sql`, whose parameter is a JSON
-- array of rows, and its guard if it has one. Envelopes and sealed deliveries are arrays beside their rows: they are most
-- of a batch, and read as JSON they would take half of the time of an append.
--   1 lane   2 expected position   3 new position   4 new digest   5 recorded at   6 expected term
--   7 seconds by which it may be recorded ahead of the server's clock
WITH head AS (
    UPDATE lanes
       SET position = $3, digest = $4, recorded_at = $5
     WHERE lane = $1 AND position = $2 AND term = $6
       AND $5 <= greatest(recorded_at, clock_timestamp() + make_interval(secs => $7))
       /* guards */
    RETURNING lane, position
)
/* parts */
SELECT position FROM head
