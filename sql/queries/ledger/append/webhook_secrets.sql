-- Webhook secrets: new ones, and when one was retired.
webhook_secrets_now AS (
    INSERT INTO webhook_secrets (lane, account_id, secret_id, secret, added_at, retired_at)
    SELECT head.lane, r.account_id, r.secret_id, r.secret, r.added_at, r.retired_at
      FROM head, json_to_recordset(:webhook_secrets::json)
           AS r(account_id text, secret_id text, secret text, added_at timestamptz, retired_at timestamptz)
    ON CONFLICT (lane, account_id, secret_id) DO UPDATE SET retired_at = excluded.retired_at
)
