-- An account's payouts, newest first, after a place in the list.
--   1 lane   2 account id   3 before position, or null   4 status, or null   5 limit   6 one payout only, or null
SELECT p.payout_id, p.position, p.amount, p.currency, p.status, p.backend, p.bank_code, p.bank_name,
       p.bank_account_number, p.bank_account_holder, p.note, p.reference, p.failure_reason, p.provider_payout_id,
       instant(p.requested_at) AS requested_at, instant(p.in_transit_at) AS in_transit_at,
       instant(p.paid_at) AS paid_at, instant(p.failed_at) AS failed_at, instant(p.cancelled_at) AS cancelled_at,
       instant(p.returned_at) AS returned_at, p.told, p.contradictions, p.submission, p.attempt,
       instant(p.submission_started_at) AS submission_started_at, instant(p.cancel_asked_at) AS cancel_asked_at
  FROM payouts p
 WHERE p.lane = $1 AND p.account_id = $2
   AND ($3::bigint IS NULL OR p.position < $3)
   AND ($4::text IS NULL OR p.status = $4)
   AND ($6::text IS NULL OR p.payout_id = $6)
 ORDER BY p.position DESC
 LIMIT $5
