-- An account's disputes, newest first, with what is held for their orders.
--   1 lane   2 account id   3 status, or null   4 order, or null   5 before position, or null
--   6 one dispute only, or null
--   7 limit
SELECT d.dispute_id, d.currency, d.reference, d.amount, d.reason, d.status, d.position, instant(d.opened_at) AS opened_at,
       instant(d.resolved_at) AS resolved_at, d.resolution, coalesce((o.disputed ->> 'held')::bigint, 0) AS order_held
  FROM disputes d
  JOIN orders o ON o.lane = d.lane AND o.account_id = d.account_id AND o.currency = d.currency AND o.reference = d.reference
 WHERE d.lane = $1 AND d.account_id = $2
   AND ($3::text IS NULL OR d.status = $3)
   AND ($4::text IS NULL OR d.reference = $4)
   AND ($5::bigint IS NULL OR d.position < $5)
   AND ($6::text IS NULL OR d.dispute_id = $6)
 ORDER BY d.position DESC
 LIMIT $7
