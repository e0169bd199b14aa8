-- Releases a payout until it is due again.   1 lane   2 payout id   3 due at   4 now   5 whether to reset the tries
UPDATE provider_work
   SET due_at = $3, leased_until = $4, tries = CASE WHEN $5 THEN 0 ELSE tries END
 WHERE lane = $1 AND payout_id = $2
