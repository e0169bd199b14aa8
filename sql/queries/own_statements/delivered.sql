-- Accounts in which orders were settled completely: due if that ends a period. They are due since the first such order,
-- so that accounts with many orders do not keep others waiting.
--   1 lane   2 accounts, as JSON: account_id, version, at
UPDATE statements_due w
   SET due_at = least(w.due_at, r.at), touched_version = greatest(w.touched_version, r.version)
  FROM json_to_recordset($2::json) AS r(account_id text, version bigint, at timestamptz)
 WHERE w.lane = $1 AND w.account_id = r.account_id AND w.cycle = 'delivered_order'
