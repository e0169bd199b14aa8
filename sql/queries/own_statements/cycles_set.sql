-- Accounts whose cycle was set: the first cycle is due when its first period ends, a changed one is due at once.
--   1 lane   2 accounts, as JSON: account_id, cycle, due_at, version
INSERT INTO statements_due AS w (lane, account_id, leased_until, due_at, looked_version, cycle, touched_version)
SELECT $1, r.account_id, '-infinity', r.due_at, 0, r.cycle, r.version
  FROM json_to_recordset($2::json)
       AS r(account_id text, cycle text, due_at timestamptz, version bigint)
    ON CONFLICT (lane, account_id) DO UPDATE
   SET cycle = excluded.cycle, touched_version = excluded.touched_version, due_at = '-infinity'
