-- Leases payouts that are due at the provider: to be submitted, cancelled, or polled. Two dispatchers never lease the
-- same one: the second finds the first one's lease.
--   1 lane   2 now   3 leased until   4 how many
WITH due AS (
    (SELECT p.account_id, p.payout_id
       FROM payouts p
      WHERE p.lane = $1 AND p.backend = 'plugipay' AND p.status = 'pending' AND p.submission IS NULL
        AND NOT EXISTS (SELECT FROM provider_work w
                         WHERE w.lane = $1 AND w.payout_id = p.payout_id AND (w.leased_until > $2 OR w.due_at > $2))
      ORDER BY p.position LIMIT $4)
    UNION
    (SELECT p.account_id, p.payout_id
       FROM payouts p
       JOIN provider_work w ON w.lane = p.lane AND w.payout_id = p.payout_id
      WHERE p.lane = $1 AND p.status = 'pending' AND p.cancel_asked_at IS NOT NULL
        AND w.leased_until <= $2 AND (w.looked_at <= p.cancel_asked_at OR w.due_at <= $2)
      ORDER BY p.position LIMIT $4)
    UNION
    (SELECT w.account_id, w.payout_id
       FROM provider_work w
       JOIN payouts p ON p.lane = w.lane AND p.account_id = w.account_id AND p.payout_id = w.payout_id
      WHERE w.lane = $1 AND w.due_at <= $2 AND w.leased_until <= $2
        AND p.backend = 'plugipay' AND p.status IN ('pending', 'in_transit')
      ORDER BY w.due_at LIMIT $4)
)
INSERT INTO provider_work AS w (lane, payout_id, account_id, leased_until, due_at, looked_at, tries)
SELECT $1, due.payout_id, due.account_id, $3, $2, $2, 0 FROM due LIMIT $4
ON CONFLICT (lane, payout_id) DO UPDATE
   SET leased_until = excluded.leased_until, looked_at = excluded.looked_at, tries = w.tries + 1
 WHERE w.leased_until <= $2
RETURNING w.account_id, w.payout_id, w.tries
