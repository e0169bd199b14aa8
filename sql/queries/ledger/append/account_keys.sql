-- New account keys. An account's first key also fixes its lane for ever.
first_seen AS (
    INSERT INTO account_lanes (account_id, lane)
    SELECT r.account_id, head.lane
      FROM head, json_to_recordset(:account_keys::json) AS r(account_id text, generation integer)
     WHERE r.generation = 1 AND r.account_id <> 'system'
), account_keys_now AS (
    INSERT INTO account_keys (lane, account_id, generation, wrapped, created_at)
    SELECT head.lane, r.account_id, r.generation, r.wrapped, $4
      FROM head, json_to_recordset(:account_keys::json) AS r(account_id text, generation integer, wrapped bytea)
)
