-- Deletes the work rows of payouts that have ended, and adds those of open payouts that have none: adopted ones, and
-- those that were linked by hand.
--   1 lane   2 now
WITH ended AS (
    DELETE FROM provider_work w
     WHERE w.lane = $1
       AND NOT EXISTS (SELECT FROM payouts p
                        WHERE p.lane = $1 AND p.account_id = w.account_id AND p.payout_id = w.payout_id
                          AND p.backend = 'plugipay' AND p.status IN ('pending', 'in_transit'))
)
INSERT INTO provider_work (lane, payout_id, account_id, leased_until, due_at, looked_at, tries)
SELECT $1, p.payout_id, p.account_id, $2, $2, $2, 0
  FROM payouts p
 WHERE p.lane = $1 AND p.backend = 'plugipay' AND p.status IN ('pending', 'in_transit') AND p.submission IS NOT NULL
   AND NOT EXISTS (SELECT FROM provider_work w WHERE w.lane = $1 AND w.payout_id = p.payout_id)
ON CONFLICT (lane, payout_id) DO NOTHING
