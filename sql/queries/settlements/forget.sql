-- Deletes the earlier lines of some sources about some money, and gives their subjects, and what they were worth.
--   1 lane   2 records, as JSON: account_id, channel, seller, reference, source
DELETE FROM settlement_lines l
 USING json_to_recordset($2::json) AS r(account_id text, channel text, seller text, reference text, source text)
 WHERE l.lane = $1 AND l.account_id = r.account_id AND l.channel = r.channel AND l.seller = r.seller
   AND l.reference = r.reference AND l.source = r.source
RETURNING l.account_id, l.channel, l.seller, l.reference, l.source, l.order_id, l.item, l.statement,
          l.worths::text[] AS worths
