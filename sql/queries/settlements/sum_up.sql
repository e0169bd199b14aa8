-- Sums lines up, at one level: what each subject is worth, and what of it was let go.
--
-- Where records book the money of an order themselves, the subject is worth all of those that count. Else, if several
-- sources report it, one of them counts: first the one whose totals are at that level, then an API response before a
-- report, then the newer one.
--
-- What was let go of money is what the sources of its release say, of whom the one is believed that agrees best with its
-- worth. If that is its worth, an earlier worth, or its worth without the adjustments or with them, then the money was let go
-- of, and the change was booked since: what was let go is its worth. Else it is what they say, and the difference is open.
-- The adjustments of an order are told apart from its worth, and say by themselves what was let go of them.
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
    SELECT account_id, channel, key, source, max(version) AS version, max(position) AS position,
           min(array_position(ARRAY['order', 'item', 'global'], level)) FILTER (WHERE depth = 0) AS finest,
           bool_or(books AND statement IS NULL AND $3 = 'order') AS books
      FROM told
     WHERE counts AND ($3 <> 'item' OR level = 'item')
     GROUP BY account_id, channel, key, source
), ranked AS (
    SELECT account_id, channel, key, source, books,
           bool_or(books) OVER (PARTITION BY account_id, channel, key) AS any_books,
           row_number() OVER (PARTITION BY account_id, channel, key
                              ORDER BY finest NULLS LAST, source LIKE '%\_report', version DESC NULLS LAST,
                                       position DESC) AS turn
      FROM sources
), chosen AS (
    SELECT account_id, channel, key, source FROM ranked WHERE CASE WHEN any_books THEN books ELSE turn = 1 END
), worth AS (
    SELECT t.account_id, t.channel, t.key, t.reference, sum(t.amount) AS worth,
           coalesce(sum(t.amount) FILTER (WHERE t.kind = 'adjustment'), 0) AS adjusted
      FROM told t
     WHERE t.counts AND t.books AND t.depth = 0 AND t.statement IS NULL
     GROUP BY t.account_id, t.channel, t.key, t.reference
), adjusted AS (
    -- The rows that tell of an order's adjustments, and what none of them tells of.
    SELECT account_id, channel, key, 'order/' || order_id AS reference, sum(amount) AS adjusted
      FROM told
     WHERE counts AND books AND depth = 0 AND (NOT totals OR reference LIKE 'adjustments/%')
     GROUP BY account_id, channel, key, 4
), said AS (
    SELECT account_id, channel, key, CASE WHEN books THEN reference ELSE 'order/' || order_id END AS reference, source,
           sum(amount) AS released, min(occurred_at) AS released_at, bool_or(books AND NOT totals) AS adjusts
      FROM told
     WHERE depth = 0 AND stage IN ('released', 'paid') AND level = 'order'
       AND (kind = 'payout' OR books AND (totals OR counts))
     GROUP BY account_id, channel, key, 4, source
), believed AS (
    SELECT DISTINCT ON (s.account_id, s.channel, s.key, s.reference)
           s.account_id, s.channel, s.key, s.reference, s.released, w.worth, w.adjusted,
           w.worth + coalesce(a.adjusted, 0) AS with_adjustments, s.adjusts,
           min(s.released_at) OVER (PARTITION BY s.account_id, s.channel, s.key, s.reference) AS released_at
      FROM said s
      LEFT JOIN worth w USING (account_id, channel, key, reference)
      LEFT JOIN adjusted a USING (account_id, channel, key, reference)
     ORDER BY s.account_id, s.channel, s.key, s.reference, abs(s.released - w.worth), s.source
), releases AS (
    SELECT b.account_id, b.channel, b.key,
           coalesce(min(b.released_at) FILTER (WHERE NOT b.adjusts), min(b.released_at)) AS released_at,
           sum(CASE WHEN b.worth IS NULL THEN b.released
                    WHEN b.released IN (b.worth, b.worth - b.adjusted, b.with_adjustments)
                      OR EXISTS (SELECT FROM told t
                                  WHERE t.account_id = b.account_id AND t.channel = b.channel AND t.key = b.key
                                    AND t.reference = b.reference AND b.released = ANY (t.worths)) THEN b.worth
                    WHEN abs(b.released + b.adjusted - b.worth) < abs(b.released - b.worth) THEN b.released + b.adjusted
                    ELSE b.released END) AS released
      FROM believed b
     GROUP BY b.account_id, b.channel, b.key
    -- An adjustment that was let go of does not let go of the order.
    HAVING bool_or(NOT b.adjusts) OR NOT EXISTS (SELECT FROM worth w
                                                  WHERE w.account_id = b.account_id AND w.channel = b.channel
                                                    AND w.key = b.key AND w.reference = 'order/' || b.key)
)
INSERT INTO settlement_totals (lane, account_id, channel, level, key, seller, order_id, item, statement, invoice, currency,
                               payout, derived, commission, fees, released, released_at, stage, source, position, paid_by)
SELECT $1, t.account_id, t.channel, $3, t.key, max(t.seller), CASE WHEN $3 <> 'global' THEN max(t.order_id) END,
       CASE WHEN $3 = 'item' THEN max(t.item) END, max(t.statement), max(t.invoice), max(t.currency),
       sum(t.amount) FILTER (WHERE t.depth = 0), bool_and(t.level <> $3) FILTER (WHERE t.depth = 0) IS TRUE,
       sum(t.amount) FILTER (WHERE t.kind = 'commission'),
       sum(t.amount) FILTER (WHERE t.depth < 2 AND t.kind IN ('commission', 'payment_fee', 'service_fee', 'affiliate_fee',
                                                              'fee')),
       max(r.released), max(r.released_at),
       CASE WHEN max(r.released) IS NOT NULL THEN 'released'
            ELSE (ARRAY['expected', 'owed', 'released', 'sent', 'paid', 'failed', 'cancelled', 'returned'])[
                 coalesce(max(s.stage) FILTER (WHERE t.totals), max(s.stage))] END,
       max(t.source), max(t.position),
       CASE WHEN $3 = 'order' THEN (SELECT min(k.paid_by) FROM settlement_links k
                                     WHERE k.lane = $1 AND k.account_id = t.account_id AND k.channel = t.channel
                                       AND k.reference = 'order/' || t.key) END
  FROM told t
  JOIN chosen c USING (account_id, channel, key, source)
  LEFT JOIN releases r ON r.account_id = t.account_id AND r.channel = t.channel AND r.key = t.key
 CROSS JOIN LATERAL (SELECT array_position(ARRAY['expected', 'owed', 'released', 'sent', 'paid', 'failed', 'cancelled',
                                                 'returned'], t.stage) AS stage) s
 WHERE t.counts AND ($3 <> 'item' OR t.level = 'item')
 GROUP BY t.account_id, t.channel, t.key
