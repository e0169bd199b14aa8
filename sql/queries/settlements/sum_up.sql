-- Sums lines up, at one level. If several sources report the same order, one of them counts: first the one whose totals
-- are at that level, then an API response before a report, then the newer one.
--   1 lane   2 keys, as JSON: account_id, channel, key, and the order_id, statement and item that name it
--   3 level: global (a statement), order or item
WITH told AS (
    SELECT k.key, l.*
      FROM json_to_recordset($2::json)
           AS k(account_id text, channel text, key text, order_id text, item text, statement text)
      JOIN settlement_lines l
        ON l.lane = $1 AND l.account_id = k.account_id AND l.channel = k.channel AND k.order_id = l.order_id
       AND (k.item IS NULL OR l.item = k.item)
    UNION ALL
    SELECT k.key, l.*
      FROM json_to_recordset($2::json)
           AS k(account_id text, channel text, key text, order_id text, item text, statement text)
      JOIN settlement_lines l
        ON l.lane = $1 AND l.account_id = k.account_id AND l.channel = k.channel AND k.statement = l.statement
       AND (k.item IS NULL OR l.item = k.item)
     WHERE k.order_id IS NULL
), sources AS (
    SELECT account_id, channel, key, source, max(position) AS position,
           min(array_position(ARRAY['order', 'item', 'global'], level)) FILTER (WHERE depth = 0) AS finest
      FROM told
     WHERE counts AND ($3 <> 'item' OR level = 'item')
     GROUP BY account_id, channel, key, source
), chosen AS (
    SELECT DISTINCT ON (account_id, channel, key) account_id, channel, key, source
      FROM sources
     ORDER BY account_id, channel, key, finest NULLS LAST, source LIKE '%\_report', position DESC
), releases AS (
    SELECT account_id, channel, key, source, sum(amount) AS released, min(occurred_at) AS released_at,
           row_number() OVER (PARTITION BY account_id, channel, key ORDER BY source) AS turn
      FROM told
     WHERE kind = 'payout' AND depth = 0 AND level = 'order' AND stage IN ('released', 'paid')
     GROUP BY account_id, channel, key, source
)
INSERT INTO settlement_totals (lane, account_id, channel, level, key, seller, order_id, item, statement, invoice, currency,
                               payout, derived, commission, fees, released, released_at, stage, source, position)
SELECT $1, t.account_id, t.channel, $3, t.key, max(t.seller), CASE WHEN $3 <> 'global' THEN max(t.order_id) END,
       CASE WHEN $3 = 'item' THEN max(t.item) END, max(t.statement), max(t.invoice), max(t.currency),
       sum(t.amount) FILTER (WHERE t.depth = 0), bool_and(t.level <> $3) FILTER (WHERE t.depth = 0) IS TRUE,
       sum(t.amount) FILTER (WHERE t.kind = 'commission'),
       sum(t.amount) FILTER (WHERE t.depth < 2 AND t.kind IN ('commission', 'payment_fee', 'service_fee', 'affiliate_fee',
                                                              'fee')),
       max(r.released), max(r.released_at),
       CASE WHEN max(r.released) IS NOT NULL THEN 'released'
            ELSE (ARRAY['expected', 'owed', 'released', 'sent', 'paid', 'failed', 'cancelled', 'returned'])[
                 max(array_position(ARRAY['expected', 'owed', 'released', 'sent', 'paid', 'failed', 'cancelled',
                                          'returned'], t.stage))] END,
       max(t.source), max(t.position)
  FROM told t
  JOIN chosen c USING (account_id, channel, key, source)
  LEFT JOIN releases r ON r.account_id = t.account_id AND r.channel = t.channel AND r.key = t.key AND r.turn = 1
 WHERE t.counts AND ($3 <> 'item' OR t.level = 'item')
 GROUP BY t.account_id, t.channel, t.key
