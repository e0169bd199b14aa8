-- Totals of the highest level of a channel that pays by statement, in the order of their numbers: statements that were
-- reported, and those that are only summed up from lines. Lines may name the period of a statement and not its number: it
-- is the period that ended last before the statement was made, within a week.
--   1 lane   2 account id   3 channel   4 statement, or null   5 from, or null   6 before, or null
--   7, 8, 9 after this number, currency and seller   10 limit   11 the channel's zone   12 seller, or null
WITH told AS (
    SELECT s.number AS key, s.seller, s.number AS statement, s.currency, s.content ->> 'Payout' AS reported,
           s.content ->> 'FeesTotal' AS fees_reported, coalesce(t.payout, p.payout) AS payout,
           coalesce(t.commission, p.commission) AS commission, coalesce(t.fees, p.fees) AS fees,
           coalesce(s.created_at, s.updated_at) AS at, CASE WHEN s.was_paid THEN 'paid' ELSE 'owed' END AS stage,
           s.source, greatest(s.position, t.position, p.position) AS position
      FROM statements s
      LEFT JOIN settlement_totals t
        ON t.lane = $1 AND t.account_id = $2 AND t.level = 'global' AND t.channel = $3 AND t.key = s.number
      LEFT JOIN LATERAL (
           SELECT n.payout, n.commission, n.fees, n.position
             FROM settlement_totals n
            WHERE n.lane = $1 AND n.account_id = $2 AND n.level = 'global' AND n.channel = $3
              AND statement_period_end(n.key) IS NOT NULL
              AND statement_period_end(n.key) BETWEEN (s.created_at AT TIME ZONE $11)::date - 7
                                                  AND (s.created_at AT TIME ZONE $11)::date
              AND n.currency = s.currency AND n.seller IN (s.seller, '')
            ORDER BY statement_period_end(n.key) DESC
            LIMIT 1
           ) p ON t.key IS NULL
     WHERE s.lane = $1 AND s.account_id = $2 AND s.channel = $3
       AND (s.number, s.currency, s.seller) > ($7, $8, $9)
       AND ($4::text IS NULL OR s.number = $4)
       AND ($12::text IS NULL OR s.seller = $12)
       AND ($5::timestamptz IS NULL OR coalesce(s.created_at, s.updated_at) >= $5)
       AND ($6::timestamptz IS NULL OR coalesce(s.created_at, s.updated_at) < $6)
     ORDER BY s.number, s.currency, s.seller
     LIMIT $10
), summed_up AS (
    SELECT t.key, t.seller, t.statement, t.currency, NULL::text AS reported, NULL::text AS fees_reported, t.payout,
           t.commission, t.fees, t.released_at AS at, t.stage, t.source, t.position
      FROM settlement_totals t
     WHERE t.lane = $1 AND t.account_id = $2 AND t.level = 'global' AND t.channel = $3
       AND t.key >= $7 AND (t.key, t.currency, t.seller) > ($7, $8, $9)
       AND ($4::text IS NULL OR t.statement = $4)
       AND ($12::text IS NULL OR t.seller = $12)
       AND ($5::timestamptz IS NULL OR t.released_at >= $5)
       AND ($6::timestamptz IS NULL OR t.released_at < $6)
       AND NOT EXISTS (SELECT FROM statements s
                        WHERE s.lane = $1 AND s.account_id = $2 AND s.channel = $3 AND s.number = t.key)
       AND (statement_period_end(t.key) IS NULL
            OR NOT EXISTS (SELECT FROM statements s
                            WHERE s.lane = $1 AND s.account_id = $2 AND s.channel = $3 AND s.currency = t.currency
                              AND t.seller IN (s.seller, '')
                              AND s.created_at >= statement_period_end(t.key)::timestamp AT TIME ZONE $11
                              AND s.created_at < (statement_period_end(t.key) + 8)::timestamp AT TIME ZONE $11))
     ORDER BY t.key
     LIMIT $10
)
SELECT $3 AS channel, key, seller, statement, currency, reported, fees_reported, payout, commission, fees,
       NULL::numeric AS withdrawn, instant(at) AS at, stage, source, position
  FROM (SELECT * FROM told UNION ALL SELECT * FROM summed_up) rows
 ORDER BY key, currency, seller
 LIMIT $10
