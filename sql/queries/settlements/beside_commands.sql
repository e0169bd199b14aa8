-- Moneys of which an older release did not keep what commands had to do with them, and something else than the channel's
-- records of orders moved money of their orders.
--   1 lane   2 account id   3 channel   4 references   5 types of the commands' events
WITH theirs AS MATERIALIZED (
    SELECT envelope::json -> 'data' ->> 'reference' AS reference
      FROM events
     WHERE lane = $1 AND account_id = $2 AND type = ANY ($5::text[])
     UNION
    SELECT reference FROM statements WHERE lane = $1 AND account_id = $2
)
SELECT s.reference
  FROM settlements s
 WHERE s.lane = $1 AND s.account_id = $2 AND s.channel = $3 AND s.reference = ANY ($4::text[])
   AND (s.absorbed IS NULL OR s.settled IS NULL OR s.short IS NULL)
   AND s.counts_for IN (SELECT reference FROM theirs)
