-- Which of our payouts the provider means.   1 lane   2 account ids   3 provider payout ids, beside them
SELECT p.account_id, p.provider_payout_id, p.payout_id
  FROM unnest($2::text[], $3::text[]) AS n(account_id, provider_payout_id)
  JOIN payouts p ON p.lane = $1 AND p.provider_payout_id = n.provider_payout_id AND p.account_id = n.account_id
