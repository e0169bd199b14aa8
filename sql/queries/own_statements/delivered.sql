-- Accounts in which orders were settled wholly: due at once where that ends a period.
--   1 lane   2 accounts, as JSON: account_id, version
UPDATE statement_work w
   SET due_at = '-infinity', touched_version = greatest(w.touched_version, r.version)
  FROM json_to_recordset($2::json) AS r(account_id text, version bigint)
 WHERE w.lane = $1 AND w.account_id = r.account_id AND w.cycle = 'delivered_order'
