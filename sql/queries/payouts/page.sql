-- An account's payouts, newest first.
--   1 lane   2 account id   3 before position, or null   4 status, or null   5 limit   6 one payout only, or null
SELECT p.payout_id, p.position, to_json(p) AS payout
  FROM payouts p
 WHERE p.lane = $1 AND p.account_id = $2
   AND ($3::bigint IS NULL OR p.position < $3)
   AND ($4::text IS NULL OR p.status = $4)
   AND ($6::text IS NULL OR p.payout_id = $6)
 ORDER BY p.position DESC
 LIMIT $5
