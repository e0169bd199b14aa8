-- The claims of an account's current matches on its bank entries.   1 lane   2 account id
SELECT m.match_id, m.entry_id, m.currency, m.targets, e.amount, e.booked_on, e.reference
  FROM matches m
  JOIN bank_entries e ON e.lane = m.lane AND e.account_id = m.account_id AND e.entry_id = m.entry_id
 WHERE m.lane = $1 AND m.account_id = $2 AND m.unmade_at IS NULL
 ORDER BY m.position
