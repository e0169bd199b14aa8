-- Leases accounts in which a period of own statements may have ended; those that are due longest come first.
--   1 lane   2 now   3 leased until   4 how many
WITH due AS (
    SELECT account_id
      FROM statements_due
     WHERE lane = $1 AND due_at <= $2 AND leased_until <= $2
     ORDER BY due_at
     LIMIT $4
       FOR UPDATE SKIP LOCKED
)
UPDATE statements_due w
   SET leased_until = $3
  FROM due
 WHERE w.lane = $1 AND w.account_id = due.account_id
RETURNING w.account_id
