-- Totals of the highest level of a channel that pays order by order, in the order of their keys: the payment that says that
-- it pays an order, else the withdrawal that followed the order's release, else the local day of the release. Money that
-- is not released yet is one row. Only a limited number of keys are searched, and only their money is summed up; a
-- withdrawal stands by itself where none of its money is known, and any other key without money is not wanted.
--   1 lane   2 account id   3 channel   4 its zone   5 the first key that is wanted   6 the day that it is, or null
--   7 how many keys   8 from, or null   9 before, or null   10 seller, or null
WITH RECURSIVE sent AS (
    SELECT l.reference AS key, max(l.occurred_at) AS at, -sum(l.amount) AS withdrawn, max(l.currency) AS currency,
           max(l.seller) AS seller, max(l.source) AS source, max(l.position) AS position
      FROM settlement_lines l
     WHERE l.lane = $1 AND l.account_id = $2 AND l.channel = $3 AND l.kind = 'withdrawal' AND l.stage IN ('sent', 'paid')
       AND l.reference >= $5 AND ($10::text IS NULL OR l.seller = $10)
     GROUP BY l.reference
     ORDER BY l.reference
     LIMIT $7
), last AS (
    SELECT (SELECT l.occurred_at
              FROM settlement_lines l
             WHERE l.lane = $1 AND l.account_id = $2 AND l.channel = $3 AND l.kind = 'withdrawal'
               AND l.stage IN ('sent', 'paid') AND l.occurred_at IS NOT NULL
               AND NOT EXISTS (SELECT FROM settlement_links k
                                WHERE k.lane = $1 AND k.account_id = $2 AND k.channel = $3 AND k.paid_by = l.reference)
             ORDER BY l.occurred_at DESC
             LIMIT 1) AS at
), days AS (
    -- From one day with money to the next one, without reading the money in between.
    SELECT 0 AS turn, NULL::timestamptz AS since,
           greatest(coalesce(last.at + interval '1 microsecond', '-infinity'), $6::date::timestamp AT TIME ZONE $4) AS until
      FROM last
     WHERE $5 COLLATE "C" < 'day0'
    UNION ALL
    SELECT d.turn + 1, f.at, (date_trunc('day', f.at AT TIME ZONE $4) + interval '1 day') AT TIME ZONE $4
      FROM days d
     CROSS JOIN LATERAL (
           SELECT least((SELECT min(t.released_at)
                           FROM settlement_totals t
                          WHERE t.lane = $1 AND t.account_id = $2 AND t.channel = $3 AND t.level = 'order'
                            AND t.released_at >= d.until),
                        (SELECT min(l.occurred_at)
                           FROM settlement_lines l
                          WHERE l.lane = $1 AND l.account_id = $2 AND l.channel = $3 AND l.counts AND l.books
                            AND l.depth = 0 AND l.order_id IS NULL AND l.occurred_at >= d.until)) AS at
           ) f
     WHERE f.at IS NOT NULL AND d.turn < $7
), keys AS (
    -- Money counts for the first withdrawal at its time or later: from just after the withdrawal before, to this one.
    SELECT s.key, s.at, s.withdrawn, coalesce(b.at + interval '1 microsecond', '-infinity') AS since,
           s.at + interval '1 microsecond' AS until, NULL::text AS unreleased_of, 'paid' AS stage,
           s.currency, s.seller, s.source, s.position,
           -- A payment that names what it pays, pays nothing else.
           EXISTS (SELECT FROM settlement_links k
                    WHERE k.lane = $1 AND k.account_id = $2 AND k.channel = $3 AND k.paid_by = s.key) AS named
      FROM sent s
      LEFT JOIN LATERAL (
           SELECT e.occurred_at AS at
             FROM settlement_lines e
            WHERE e.lane = $1 AND e.account_id = $2 AND e.channel = $3 AND e.kind = 'withdrawal'
              AND e.stage IN ('sent', 'paid') AND e.occurred_at <= s.at AND e.reference <> s.key
              AND (e.occurred_at < s.at OR e.reference < s.key)
              AND NOT EXISTS (SELECT FROM settlement_lines n
                               WHERE n.lane = $1 AND n.account_id = $2 AND n.channel = $3 AND n.kind = 'withdrawal'
                                 AND n.stage IN ('sent', 'paid') AND n.reference = e.reference
                                 AND n.occurred_at > e.occurred_at)
              AND NOT EXISTS (SELECT FROM settlement_links k
                               WHERE k.lane = $1 AND k.account_id = $2 AND k.channel = $3 AND k.paid_by = e.reference)
            ORDER BY e.occurred_at DESC
            LIMIT 1
           ) b ON true
    UNION ALL
    SELECT ('day/' || to_char(d.since AT TIME ZONE $4, 'YYYY-MM-DD')) COLLATE "C", NULL, NULL, d.since, d.until, NULL, 'released',
           NULL, NULL, NULL, NULL, false
      FROM days d
     WHERE d.turn > 0
    UNION ALL
    SELECT 'unreleased' COLLATE "C", NULL, NULL, NULL, NULL, $3, 'owed', NULL, NULL, NULL, NULL, false
     WHERE $5 COLLATE "C" <= 'unreleased'
     ORDER BY 1
     LIMIT $7
)
SELECT $3 AS channel, k.key, coalesce(m.seller, k.seller) AS seller, NULL::text AS statement,
       coalesce(m.currency, k.currency) AS currency, CASE WHEN m.currency IS NULL THEN k.withdrawn::text END AS reported,
       m.payout, m.commission, m.fees, k.withdrawn, instant(coalesce(k.at, m.at)) AS at, k.stage,
       CASE WHEN m.currency IS NULL THEN k.source ELSE 'derived' END AS source, coalesce(m.position, k.position) AS position,
       coalesce(m.currency, k.currency) IS NOT NULL AND ($8::timestamptz IS NULL OR coalesce(k.at, m.at) >= $8)
       AND ($9::timestamptz IS NULL OR coalesce(k.at, m.at) < $9) AS wanted
  FROM keys k
  LEFT JOIN LATERAL (
       SELECT each.currency, max(each.seller) AS seller, sum(each.amount) AS payout, sum(each.commission) AS commission,
              sum(each.fees) AS fees, max(each.at) AS at, max(each.position) AS position
         FROM (SELECT t.currency, t.seller, coalesce(t.released, t.payout) AS amount, t.commission, t.fees,
                      t.released_at AS at, t.position
                 FROM settlement_totals t
                WHERE t.lane = $1 AND t.account_id = $2 AND t.channel = $3 AND t.level = 'order' AND NOT k.named
                  AND t.released_at >= k.since AND t.released_at < k.until AND t.paid_by IS NULL
                  AND ($10::text IS NULL OR t.seller = $10)
                UNION ALL
               SELECT t.currency, t.seller, coalesce(t.released, t.payout), t.commission, t.fees, t.released_at, t.position
                 FROM settlement_totals t
                WHERE t.lane = $1 AND t.account_id = $2 AND t.channel = $3 AND t.paid_by = k.key AND k.named
                  AND ($10::text IS NULL OR t.seller = $10)
                UNION ALL
               -- What a payment says beside the orders that it pays.
               SELECT l.currency, l.seller, l.amount, NULL, NULL, l.occurred_at, l.position
                 FROM settlement_lines l
                WHERE l.lane = $1 AND l.account_id = $2 AND l.channel = $3 AND l.reference = k.key AND k.named
                  AND l.depth = 0 AND l.kind <> 'withdrawal'
                UNION ALL
               SELECT t.currency, t.seller, t.payout, t.commission, t.fees, NULL, t.position
                 FROM settlement_totals t
                WHERE t.lane = $1 AND t.account_id = $2 AND t.channel = k.unreleased_of AND t.level = 'order'
                  AND t.released_at IS NULL AND t.paid_by IS NULL AND ($10::text IS NULL OR t.seller = $10)
                UNION ALL
               SELECT l.currency, l.seller, l.amount, CASE WHEN l.kind = 'commission' THEN l.amount END,
                      CASE WHEN l.kind IN ('commission', 'payment_fee', 'service_fee', 'affiliate_fee', 'fee')
                           THEN l.amount END, l.occurred_at, l.position
                 FROM settlement_lines l
                WHERE l.lane = $1 AND l.account_id = $2 AND l.counts AND l.books AND l.depth = 0 AND l.order_id IS NULL
                  AND l.channel = $3 AND l.occurred_at >= k.since AND l.occurred_at < k.until AND NOT k.named
                  AND ($10::text IS NULL OR l.seller = $10)
                UNION ALL
               SELECT l.currency, l.seller, l.amount, CASE WHEN l.kind = 'commission' THEN l.amount END,
                      CASE WHEN l.kind IN ('commission', 'payment_fee', 'service_fee', 'affiliate_fee', 'fee')
                           THEN l.amount END, NULL, l.position
                 FROM settlement_lines l
                WHERE l.lane = $1 AND l.account_id = $2 AND l.counts AND l.books AND l.depth = 0 AND l.order_id IS NULL
                  AND l.channel = k.unreleased_of AND l.occurred_at IS NULL
                  AND ($10::text IS NULL OR l.seller = $10)) each
        GROUP BY each.currency
       ) m ON true
 ORDER BY k.key, m.currency
