-- Totals of the highest level, in the order of their channels and keys: statements, reported or summed up from the lines
-- that name them; and for channels that pay order by order the withdrawal that followed an order's release, else the
-- local day of the release. What has not been released is one row of its own.
--   1 lane   2 account id   3 channels that pay order by order   4 their zones   5 channel, or null   6 statement, or null
--   7 from, or null   8 before, or null   9, 10, 11, 12 behind this channel, key, currency and seller, or
--   null   13 limit
WITH zones AS (
    SELECT * FROM unnest($3::text[], $4::text[]) AS z(channel, zone)
), money AS (
    SELECT t.channel, t.currency, t.seller, t.payout, t.commission, t.fees, t.released, t.released_at AS at, t.position
      FROM settlement_totals t
     WHERE t.lane = $1 AND t.account_id = $2 AND t.level = 'order' AND t.channel = ANY ($3)
    UNION ALL
    SELECT l.channel, l.currency, l.seller, l.amount, CASE WHEN l.kind = 'commission' THEN l.amount END,
           CASE WHEN l.kind IN ('commission', 'payment_fee', 'service_fee', 'affiliate_fee', 'fee') THEN l.amount END,
           l.amount, l.occurred_at, l.position
      FROM settlement_lines l
     WHERE l.lane = $1 AND l.account_id = $2 AND l.channel = ANY ($3) AND l.counts AND l.books AND l.depth = 0
       AND l.order_id IS NULL
), withdrawals AS (
    SELECT l.channel, l.reference, max(l.occurred_at) AS at, -sum(l.amount) AS withdrawn
      FROM settlement_lines l
     WHERE l.lane = $1 AND l.account_id = $2 AND l.channel = ANY ($3) AND l.kind = 'withdrawal'
       AND l.stage IN ('sent', 'paid')
     GROUP BY l.channel, l.reference
), placed AS (
    SELECT m.*, w.reference, w.withdrawn,
           CASE WHEN m.at IS NULL THEN 'unreleased'
                ELSE coalesce(w.reference, 'day/' || to_char(m.at AT TIME ZONE z.zone, 'YYYY-MM-DD')) END AS key,
           coalesce(w.at, m.at) AS paid_at
      FROM money m
      JOIN zones z USING (channel)
      LEFT JOIN LATERAL (SELECT * FROM withdrawals n WHERE n.channel = m.channel AND n.at >= m.at
                          ORDER BY n.at, n.reference LIMIT 1) w ON true
), rows AS (
    SELECT s.channel, s.number AS key, s.seller, s.number AS statement, s.currency, s.content ->> 'Payout' AS reported,
           t.payout, t.commission, t.fees, NULL::numeric AS withdrawn, s.created_at AS at,
           CASE WHEN s.was_paid THEN 'paid' ELSE 'owed' END AS stage, s.source, greatest(s.position, t.position) AS position
      FROM statements s
      LEFT JOIN settlement_totals t
        ON t.lane = s.lane AND t.account_id = s.account_id AND t.channel = s.channel AND t.level = 'global'
       AND t.key = s.number
     WHERE s.lane = $1 AND s.account_id = $2 AND s.channel <> ALL ($3)
    UNION ALL
    SELECT t.channel, t.key, t.seller, t.statement, t.currency, NULL, t.payout, t.commission, t.fees, NULL,
           t.released_at, t.stage, t.source, t.position
      FROM settlement_totals t
     WHERE t.lane = $1 AND t.account_id = $2 AND t.level = 'global' AND t.channel <> ALL ($3)
       AND NOT EXISTS (SELECT FROM statements s WHERE s.lane = $1 AND s.account_id = $2 AND s.channel = t.channel
                          AND s.number = t.key)
    UNION ALL
    SELECT p.channel, p.key, max(p.seller), NULL, p.currency, NULL, sum(coalesce(p.payout, p.released)),
           sum(p.commission), sum(p.fees), max(p.withdrawn), max(p.paid_at),
           CASE WHEN p.key = 'unreleased' THEN 'owed' WHEN max(p.reference) IS NULL THEN 'released' ELSE 'paid' END,
           'derived', max(p.position)
      FROM placed p
     GROUP BY p.channel, p.key, p.currency
)
SELECT channel, key, seller, statement, currency, reported, payout, commission, fees, withdrawn, instant(at) AS at, stage,
       source, position
  FROM rows
 WHERE ($5::text IS NULL OR channel = $5)
   AND ($6::text IS NULL OR statement = $6)
   AND ($7::timestamptz IS NULL OR rows.at >= $7)
   AND ($8::timestamptz IS NULL OR rows.at < $8)
   AND ($9::text IS NULL OR (channel, key COLLATE "C", currency, coalesce(seller, '')) > ($9, $10, $11, $12))
 ORDER BY channel, key COLLATE "C", currency, coalesce(seller, '')
 LIMIT $13
