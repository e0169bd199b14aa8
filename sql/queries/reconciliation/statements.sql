-- An account's statements as last observed, in the order of their first observation.
--   1 lane   2 account id   3 channel, or null   4 currency, or null   5 after the position   6 limit
SELECT s.channel, s.seller, s.number, s.currency, s.content ->> 'Payout' AS payout, s.findings, s.was_paid, s.booked,
       s.reference, s.first_position AS place, s.created_at, instant(s.updated_at) AS updated_at,
       (SELECT e.recorded_at FROM events e WHERE e.lane = $1 AND e.position = s.first_position) AS observed_at,
       (SELECT t.payout FROM settlement_totals t
         WHERE t.lane = $1 AND t.account_id = $2 AND t.channel = s.channel AND t.level = 'global' AND t.key = s.number
           AND t.currency = s.currency) AS of_lines,
       s.content ->> 'OpeningBalance' AS opening,
       (SELECT b.content ->> 'ClosingBalance'
          FROM statements b
         WHERE b.lane = $1 AND b.account_id = $2 AND b.channel = s.channel AND b.seller = s.seller
           AND b.currency = s.currency AND b.number <> s.number
           AND (coalesce(b.created_at, '-infinity'), b.number) < (coalesce(s.created_at, '-infinity'), s.number)
         ORDER BY coalesce(b.created_at, '-infinity') DESC, b.number DESC
         LIMIT 1) AS previous_closing
  FROM statements s
 WHERE s.lane = $1 AND s.account_id = $2
   AND ($3::text IS NULL OR s.channel = $3)
   AND ($4::text IS NULL OR s.currency = $4)
   AND s.first_position > $5
 ORDER BY s.first_position
 LIMIT $6
