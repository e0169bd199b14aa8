-- Leases accounts whose payouts are due to be compared with the provider's list.
--   1 lane   2 now   3 leased until   4 how many
WITH due AS (
    SELECT a.account_id
      FROM accounts a
      LEFT JOIN providers v ON v.lane = a.lane AND v.account_id = a.account_id
      LEFT JOIN provider_sweeps s ON s.lane = a.lane AND s.account_id = a.account_id
     WHERE a.lane = $1 AND (a.backend = 'plugipay' OR v.account_id IS NOT NULL)
       AND (s.account_id IS NULL OR s.leased_until <= $2 AND s.due_at <= $2)
     ORDER BY s.due_at NULLS FIRST
     LIMIT $4
)
INSERT INTO provider_sweeps AS s (lane, account_id, leased_until, due_at)
SELECT $1, due.account_id, $3, $2 FROM due
ON CONFLICT (lane, account_id) DO UPDATE SET leased_until = excluded.leased_until
 WHERE s.leased_until <= $2
RETURNING s.account_id, instant(s.swept_at) AS swept_at, s.differs
