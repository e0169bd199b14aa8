-- Accounts whose payout policies have something due; those that are due longest come first.
--   1 lane   2 now, as the log spells it   3 accounts to skip   4 how many
SELECT account_id
  FROM accounts
 WHERE lane = $1 AND settings ? 'payoutDueAt' AND (settings ->> 'payoutDueAt') COLLATE "C" <= $2
   AND account_id <> ALL ($3::text[])
 ORDER BY (settings ->> 'payoutDueAt') COLLATE "C"
 LIMIT $4
