-- Accounts as they stand now.
accounts_now AS (
    INSERT INTO accounts (lane, account_id, version, mode, backend, status, currencies, opened_at, settings)
    SELECT head.lane, r.account_id, r.version, r.mode, r.backend, r.status, r.currencies, r.opened_at, r.settings
      FROM head, json_to_recordset(:accounts::json)
           AS r(account_id text, version bigint, mode text, backend text, status text, currencies text[],
                opened_at timestamptz, settings jsonb)
    ON CONFLICT (lane, account_id) DO UPDATE
       SET version = excluded.version, backend = excluded.backend, status = excluded.status,
           currencies = excluded.currencies, settings = excluded.settings
)
