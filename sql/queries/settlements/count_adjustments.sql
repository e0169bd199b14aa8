-- Of all rows that tell of orders' adjustments, chooses those that count: several sources tell of the same one. One that
-- was let go of is released, whatever its own source says.
--   1 lane   2 orders, as JSON: account_id, channel, order_id, and rows: by source and reference, whether it was let go of
UPDATE settlement_lines l
   SET counts = o.rows ? (l.source || ' ' || l.reference),
       stage = CASE WHEN o.rows -> (l.source || ' ' || l.reference) = 'true' THEN 'released' ELSE l.stage END
  FROM json_to_recordset($2::json) AS o(account_id text, channel text, order_id text, rows jsonb)
 WHERE l.lane = $1 AND l.account_id = o.account_id AND l.channel = o.channel AND l.order_id = o.order_id
   AND l.books AND NOT l.totals
