-- Adds what older records said that their money was worth, and gives the subjects of that money.
--   1 lane   2 records, as JSON: account_id, channel, seller, reference, source, worth
WITH older AS (
    SELECT r.account_id, r.channel, r.seller, r.reference, r.source, array_agg(r.worth::numeric) AS worths
      FROM json_to_recordset($2::json)
           AS r(account_id text, channel text, seller text, reference text, source text, worth text)
     GROUP BY r.account_id, r.channel, r.seller, r.reference, r.source
)
UPDATE settlement_lines l
   SET worths = ARRAY(SELECT DISTINCT w FROM unnest(l.worths || o.worths) w ORDER BY w)
  FROM older o
 WHERE l.lane = $1 AND l.account_id = o.account_id AND l.channel = o.channel AND l.seller = o.seller
   AND l.reference = o.reference AND l.source = o.source AND l.line = 1
RETURNING l.account_id, l.channel, l.order_id, l.item, l.statement
