-- Statements of which an older release did not keep what they moved, and something else moved money of their orders.
--   1 lane   2 account id   3 channel   4 numbers   5 types of the commands' events
WITH theirs AS MATERIALIZED (
    SELECT envelope::json -> 'data' ->> 'reference' AS reference
      FROM events
     WHERE lane = $1 AND account_id = $2 AND type = ANY ($5::text[])
     UNION
    SELECT counts_for FROM settlements WHERE lane = $1 AND account_id = $2
)
SELECT s.number AS reference
  FROM statements s
 WHERE s.lane = $1 AND s.account_id = $2 AND s.channel = $3 AND s.number = ANY ($4::text[])
   AND (s.moved_pending IS NULL OR s.moved_available IS NULL)
   AND s.reference IN (SELECT reference FROM theirs)
