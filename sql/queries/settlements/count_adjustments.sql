-- Of all rows that tell of the same adjustments, chooses those that count. One that was let go of is released, whatever its
-- own source says.
--   1 lane   2 rows, as JSON: account_id, channel, seller, source, reference, and whether it was let go of: null for those
--     that do not count
UPDATE settlement_lines l
   SET counts = r.let_go IS NOT NULL,
       stage = CASE WHEN r.let_go THEN 'released' ELSE l.stage END
  FROM json_to_recordset($2::json) AS r(account_id text, channel text, seller text, source text, reference text, let_go boolean)
 WHERE l.lane = $1 AND l.account_id = r.account_id AND l.channel = r.channel
   -- What was known before the seller was named has none.
   AND l.seller = ANY (ARRAY[r.seller, '']) AND l.reference = r.reference AND l.source = r.source AND l.books AND NOT l.totals
