-- Withdrawals to the bank from channels that pay order by order, and what was released since the withdrawal before. Two
-- sources may report the same withdrawal: it counts once.
--   1 lane   2 account id   3 channel, or null   4 currency, or null   5 channels that pay order by order
--   6, 7, 8 after this channel, reference and currency   9 limit
WITH withdrawals AS (
    SELECT l.channel, l.reference, max(l.seller) AS seller, l.currency, max(l.occurred_at) AS at, max(-l.amount) AS withdrawn,
           bool_or(l.stage = 'paid') AS paid
      FROM settlement_lines l
     WHERE l.lane = $1 AND l.account_id = $2 AND l.channel = ANY ($5) AND l.kind = 'withdrawal'
       AND l.stage IN ('sent', 'paid')
       AND ($3::text IS NULL OR l.channel = $3)
       AND ($4::text IS NULL OR l.currency = $4)
       AND (l.channel, l.reference, l.currency) > ($6, $7, $8)
     GROUP BY l.channel, l.reference, l.currency
     ORDER BY l.channel, l.reference, l.currency
     LIMIT $9
)
SELECT w.channel, w.reference, w.seller, w.currency, w.at, instant(w.at) AS sent_at, w.withdrawn, w.paid,
       (SELECT sum(t.released) FROM settlement_totals t
         WHERE t.lane = $1 AND t.account_id = $2 AND t.channel = w.channel AND t.level = 'order'
           AND t.currency = w.currency AND t.released_at <= w.at AND t.released_at > coalesce(before.at, '-infinity'))
       AS of_orders
  FROM withdrawals w
  LEFT JOIN LATERAL (
       SELECT e.occurred_at AS at
         FROM settlement_lines e
        WHERE e.lane = $1 AND e.account_id = $2 AND e.channel = w.channel AND e.kind = 'withdrawal'
          AND e.stage IN ('sent', 'paid') AND e.currency = w.currency AND e.occurred_at <= w.at
          AND e.reference <> w.reference AND (e.occurred_at < w.at OR e.reference < w.reference)
          AND NOT EXISTS (SELECT FROM settlement_lines n
                           WHERE n.lane = $1 AND n.account_id = $2 AND n.channel = w.channel AND n.kind = 'withdrawal'
                             AND n.stage IN ('sent', 'paid') AND n.reference = e.reference AND n.currency = w.currency
                             AND n.occurred_at > e.occurred_at)
        ORDER BY e.occurred_at DESC
        LIMIT 1
       ) before ON true
 ORDER BY w.channel, w.reference, w.currency
