-- What channels that pay order by order sent to the bank, and what they had let go of since the withdrawal before. Two
-- sources may tell of one withdrawal: it is one amount, not two.
--   1 lane   2 account id   3 channel, or null   4 currency, or null   5 channels that pay order by order
--   6, 7 behind this channel and reference   8 limit
WITH withdrawals AS (
    SELECT l.channel, l.reference, max(l.seller) AS seller, l.currency, max(l.occurred_at) AS at, max(-l.amount) AS withdrawn,
           bool_or(l.stage = 'paid') AS paid
      FROM settlement_lines l
     WHERE l.lane = $1 AND l.account_id = $2 AND l.channel = ANY ($5) AND l.kind = 'withdrawal'
       AND l.stage IN ('sent', 'paid')
     GROUP BY l.channel, l.reference, l.currency
), in_turn AS (
    SELECT w.*, lag(w.at) OVER (PARTITION BY w.channel, w.currency ORDER BY w.at, w.reference) AS before
      FROM withdrawals w
)
SELECT w.channel, w.reference, w.seller, w.currency, w.at, instant(w.at) AS sent_at, w.withdrawn, w.paid,
       (SELECT sum(t.released) FROM settlement_totals t
         WHERE t.lane = $1 AND t.account_id = $2 AND t.channel = w.channel AND t.level = 'order'
           AND t.currency = w.currency AND t.released_at <= w.at AND (w.before IS NULL OR t.released_at > w.before))
       AS of_orders
  FROM in_turn w
 WHERE ($3::text IS NULL OR w.channel = $3)
   AND ($4::text IS NULL OR w.currency = $4)
   AND (w.channel, w.reference COLLATE "C") > ($6, $7)
 ORDER BY w.channel, w.reference COLLATE "C"
 LIMIT $8
