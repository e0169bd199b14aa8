-- A payout.   1 lane   2 account id   3 payout id
SELECT to_json(p) AS payout
  FROM payouts p
 WHERE p.lane = $1 AND p.account_id = $2 AND p.payout_id = $3
