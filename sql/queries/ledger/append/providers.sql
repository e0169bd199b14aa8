-- How accounts reach their provider now.
providers_now AS (
    INSERT INTO providers (lane, account_id, workspace_id, key_id, secret, base_url)
    SELECT head.lane, r.account_id, r.workspace_id, r.key_id, r.secret, r.base_url
      FROM head, json_to_recordset(:providers::json)
           AS r(account_id text, workspace_id text, key_id text, secret text, base_url text)
    ON CONFLICT (lane, account_id) DO UPDATE
       SET workspace_id = excluded.workspace_id, key_id = excluded.key_id, secret = excluded.secret,
           base_url = excluded.base_url
)
