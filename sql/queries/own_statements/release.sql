-- Releases an account. What was recorded since it was checked stays due.
--   1 lane   2 account id   3 now   4 due at, or null   5 version that was checked
UPDATE statements_due
   SET leased_until = $3, looked_version = $5, due_at = CASE WHEN touched_version > $5 THEN least(due_at, $4) ELSE $4 END
 WHERE lane = $1 AND account_id = $2
