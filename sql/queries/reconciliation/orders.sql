-- Orders in marketplaces' records, with what was released of each: by the channel's releases, or by the statement that
-- pays it if the channel pays by statement.
--   1 lane   2 account id   3 channel, or null   4 currency, or null   5 channels that pay order by order
--   6 whether orders that were paid exactly are left out, except   7 these (channel/order)
--   8, 9 after this channel and key   10 limit
SELECT t.channel, t.key, t.seller, t.currency, t.payout, t.statement, t.released, instant(t.released_at) AS released_at,
       t.channel = ANY ($5) AS pays_orders, s.was_paid, instant(s.updated_at) AS statement_updated_at,
       coalesce(s.created_at, told.at) AS statement_at,
       coalesce((SELECT min(l.occurred_at) FILTER (WHERE l.stage IN ('expected', 'owed')) FROM settlement_lines l
                  WHERE l.lane = $1 AND l.account_id = $2 AND l.channel = t.channel AND l.order_id = t.order_id), told.at) AS at
  FROM settlement_totals t
  LEFT JOIN LATERAL (SELECT e.recorded_at AS at FROM events e WHERE e.lane = $1 AND e.position = t.position LIMIT 1) told
         ON true
  LEFT JOIN LATERAL (SELECT r.was_paid, r.created_at, r.updated_at FROM statements r
                      WHERE r.lane = $1 AND r.account_id = $2 AND r.channel = t.channel AND r.number = t.statement
                      ORDER BY r.seller LIMIT 1) s ON true
 WHERE t.lane = $1 AND t.account_id = $2 AND t.level = 'order'
   AND ($3::text IS NULL OR t.channel = $3)
   AND ($4::text IS NULL OR t.currency = $4)
   AND (NOT $6 OR CASE WHEN t.channel = ANY ($5) THEN t.payout IS DISTINCT FROM t.released
                       ELSE s.was_paid IS DISTINCT FROM true END
        OR t.channel || '/' || t.key = ANY ($7::text[]))
   AND (t.channel, t.key) > ($8, $9 COLLATE "C")
 ORDER BY t.channel, t.key
 LIMIT $10
