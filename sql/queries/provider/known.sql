-- The ledger's state of some of an account's payouts, by the provider's ids.
--   1 lane   2 account id   3 ids at the provider
SELECT p.provider_payout_id, p.status, p.amount, p.currency
  FROM payouts p
 WHERE p.lane = $1 AND p.account_id = $2 AND p.provider_payout_id = ANY ($3::text[])
