-- Accounts in which orders were settled wholly: due where that ends a period, and since then, so that accounts in which
-- something always happens do not keep the others waiting.   1 lane   2 accounts, as JSON: account_id, version, at
UPDATE statements_due w
   SET due_at = least(w.due_at, r.at), touched_version = greatest(w.touched_version, r.version)
  FROM json_to_recordset($2::json) AS r(account_id text, version bigint, at timestamptz)
 WHERE w.lane = $1 AND w.account_id = r.account_id AND w.cycle = 'delivered_order'
