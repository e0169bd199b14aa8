-- Releases an account until its next sweep.
--   1 lane   2 account id   3 due at   4 now   5 swept up to, or null to leave that as it is   6 what differs, or null
UPDATE provider_sweeps
   SET due_at = $3, leased_until = $4, swept_at = coalesce($5, swept_at), differs = $6
 WHERE lane = $1 AND account_id = $2
