-- Some payouts as they were before a position.   1 lane   2 account ids   3 payout ids   4 position
SELECT w.account_id, w.payout_id, s.state
  FROM unnest($2::text[], $3::text[]) AS w(account_id, payout_id)
 CROSS JOIN LATERAL (SELECT state FROM payout_states
                      WHERE lane = $1 AND account_id = w.account_id AND payout_id = w.payout_id AND position < $4
                      ORDER BY position DESC LIMIT 1) AS s
