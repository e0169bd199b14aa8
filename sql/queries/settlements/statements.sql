-- Totals of the highest level of a channel that pays by statement, in the order of their numbers: statements that were
-- reported, and those that are only summed up from lines.
--   1 lane   2 account id   3 channel   4 statement, or null   5 from, or null   6 before, or null
--   7, 8, 9 after this number, currency and seller   10 limit
WITH told AS (
    SELECT s.number AS key, s.seller, s.number AS statement, s.currency, s.content ->> 'Payout' AS reported, t.payout,
           t.commission, t.fees, s.created_at AS at, CASE WHEN s.was_paid THEN 'paid' ELSE 'owed' END AS stage, s.source,
           greatest(s.position, t.position) AS position
      FROM statements s
      LEFT JOIN settlement_totals t
        ON t.lane = $1 AND t.account_id = $2 AND t.level = 'global' AND t.channel = $3 AND t.key = s.number
     WHERE s.lane = $1 AND s.account_id = $2 AND s.channel = $3
       AND (s.number, s.currency, s.seller) > ($7, $8, $9)
       AND ($4::text IS NULL OR s.number = $4)
       AND ($5::timestamptz IS NULL OR s.created_at >= $5)
       AND ($6::timestamptz IS NULL OR s.created_at < $6)
     ORDER BY s.number, s.currency, s.seller
     LIMIT $10
), summed_up AS (
    SELECT t.key, t.seller, t.statement, t.currency, NULL::text AS reported, t.payout, t.commission, t.fees,
           t.released_at AS at, t.stage, t.source, t.position
      FROM settlement_totals t
     WHERE t.lane = $1 AND t.account_id = $2 AND t.level = 'global' AND t.channel = $3
       AND t.key >= $7 AND (t.key, t.currency, t.seller) > ($7, $8, $9)
       AND ($4::text IS NULL OR t.statement = $4)
       AND ($5::timestamptz IS NULL OR t.released_at >= $5)
       AND ($6::timestamptz IS NULL OR t.released_at < $6)
       AND NOT EXISTS (SELECT FROM statements s
                        WHERE s.lane = $1 AND s.account_id = $2 AND s.channel = $3 AND s.number = t.key)
     ORDER BY t.key
     LIMIT $10
)
SELECT $3 AS channel, key, seller, statement, currency, reported, payout, commission, fees, NULL::numeric AS withdrawn,
       instant(at) AS at, stage, source, position
  FROM (SELECT * FROM told UNION ALL SELECT * FROM summed_up) rows
 ORDER BY key, currency, seller
 LIMIT $10
