-- Gives an account back.   1 lane   2 account id   3 now   4 due at, or null   5 version that was looked at
UPDATE statement_work
   SET leased_until = $3, due_at = $4, looked_version = $5
 WHERE lane = $1 AND account_id = $2
