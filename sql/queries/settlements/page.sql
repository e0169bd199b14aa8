-- Totals of one level, in the order of their channels and keys.
--   1 lane   2 account id   3 level   4 channel, or null   5 order, or null   6 statement, or null   7 invoice, or null
--   8 released from, or null   9 released before, or null   10, 11 after this channel and key   12 limit
--   13 seller, or null
SELECT channel, key, seller, order_id, item, statement, invoice, currency, payout, derived, commission, fees, released,
       instant(released_at) AS released_at, stage, source, position
  FROM settlement_totals t
 WHERE lane = $1 AND account_id = $2 AND level = $3
   AND ($4::text IS NULL OR channel = $4)
   AND ($5::text IS NULL OR order_id = $5)
   AND ($6::text IS NULL OR statement = $6)
   AND ($7::text IS NULL OR invoice = $7)
   AND ($8::timestamptz IS NULL OR t.released_at >= $8)
   AND ($9::timestamptz IS NULL OR t.released_at < $9)
   AND ($13::text IS NULL OR t.seller = $13)
   AND (channel, key) > ($10, $11)
 ORDER BY channel, key
 LIMIT $12
