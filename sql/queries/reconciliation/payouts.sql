-- An account's payouts, oldest first.
--   1 lane   2 account id   3 currency, or null   4 requested not before, or null   5 after the position   6 limit
SELECT payout_id, position AS place, amount, currency, status, reference, provider_payout_id, requested_at,
       instant(paid_at) AS paid_at, contradictions
  FROM payouts
 WHERE lane = $1 AND account_id = $2
   AND ($3::text IS NULL OR currency = $3)
   AND ($4::timestamptz IS NULL OR requested_at >= $4)
   AND position > $5
 ORDER BY position
 LIMIT $6
