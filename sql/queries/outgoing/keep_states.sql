-- Stores payouts as they are after events.   1 lane   2 account ids   3 payout ids   4 positions   5 states (JSON)
INSERT INTO payout_states (lane, account_id, payout_id, position, state)
SELECT $1, account_id, payout_id, position, state
  FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[]) AS r(account_id, payout_id, position, state)
ON CONFLICT DO NOTHING
