-- Withdrawals to the bank from channels that pay order by order, and what they pay: the money that they name, else what was
-- released since the withdrawal before. Two sources may report the same withdrawal: it counts once. And payments of all
-- channels that came back from the bank.
--   1 lane   2 account id   3 channel, or null   4 currency, or null   5 channels that pay order by order
--   6, 7, 8 after this channel, reference and currency   9 limit
WITH withdrawals AS (
    SELECT l.channel, l.reference, max(l.seller) AS seller, l.currency, max(l.occurred_at) AS at, max(-l.amount) AS withdrawn,
           bool_or(l.stage = 'paid') AS paid, false AS returned
      FROM settlement_lines l
     WHERE l.lane = $1 AND l.account_id = $2 AND l.channel = ANY ($5) AND l.kind = 'withdrawal'
       AND l.stage IN ('sent', 'paid')
       AND ($3::text IS NULL OR l.channel = $3)
       AND ($4::text IS NULL OR l.currency = $4)
       AND (l.channel, l.reference, l.currency) > ($6, $7, $8)
     GROUP BY l.channel, l.reference, l.currency
     ORDER BY l.channel, l.reference, l.currency
     LIMIT $9
), came_back AS (
    SELECT l.channel, l.reference, max(l.seller) AS seller, l.currency, max(l.occurred_at) AS at, max(l.amount) AS withdrawn,
           false AS paid, true AS returned
      FROM settlement_lines l
     WHERE l.lane = $1 AND l.account_id = $2 AND l.kind = 'withdrawal_returned' AND l.stage IN ('failed', 'returned')
       AND ($3::text IS NULL OR l.channel = $3)
       AND ($4::text IS NULL OR l.currency = $4)
       AND (l.channel, l.reference, l.currency) > ($6, $7, $8)
     GROUP BY l.channel, l.reference, l.currency
     ORDER BY l.channel, l.reference, l.currency
     LIMIT $9
)
SELECT w.channel, w.reference, w.seller, w.currency, w.at, instant(w.at) AS sent_at, w.withdrawn, w.paid, w.returned,
       CASE WHEN w.returned THEN NULL
            WHEN named.any_named THEN
                 coalesce((SELECT sum(coalesce(t.released, t.payout)) FROM settlement_totals t
                            WHERE t.lane = $1 AND t.account_id = $2 AND t.channel = w.channel AND t.paid_by = w.reference
                              AND t.currency = w.currency), 0)
                 + coalesce((SELECT sum(l.amount) FROM settlement_lines l
                              WHERE l.lane = $1 AND l.account_id = $2 AND l.channel = w.channel AND l.depth = 0
                                AND l.reference = w.reference AND l.currency = w.currency AND l.kind <> 'withdrawal'), 0)
            ELSE coalesce((SELECT sum(t.released) FROM settlement_totals t
                            WHERE t.lane = $1 AND t.account_id = $2 AND t.channel = w.channel AND t.level = 'order'
                              AND t.currency = w.currency AND t.released_at <= w.at AND t.paid_by IS NULL
                              AND t.released_at > coalesce(before.at, '-infinity')), 0)
                 + coalesce((SELECT sum(l.amount) FROM settlement_lines l
                              WHERE l.lane = $1 AND l.account_id = $2 AND l.channel = w.channel AND l.counts AND l.books
                                AND l.depth = 0 AND l.order_id IS NULL AND l.currency = w.currency
                                AND l.occurred_at <= w.at AND l.occurred_at > coalesce(before.at, '-infinity')), 0)
       END AS of_orders
  FROM (SELECT * FROM withdrawals UNION ALL SELECT * FROM came_back ORDER BY channel, reference, currency LIMIT $9) w
  CROSS JOIN LATERAL (
       SELECT EXISTS (SELECT FROM settlement_links k
                       WHERE k.lane = $1 AND k.account_id = $2 AND k.channel = w.channel AND k.paid_by = w.reference)
              AS any_named
       ) named
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
          AND NOT EXISTS (SELECT FROM settlement_links k
                           WHERE k.lane = $1 AND k.account_id = $2 AND k.channel = w.channel AND k.paid_by = e.reference)
        ORDER BY e.occurred_at DESC
        LIMIT 1
       ) before ON true
 ORDER BY w.channel, w.reference, w.currency
