-- Bank accounts as they stand now, sealed.
bank_accounts_now AS (
    INSERT INTO bank_accounts (lane, account_id, bank_code, bank_name, bank_account_number, bank_account_holder,
                               updated_at)
    SELECT head.lane, r.account_id, r.bank_code, r.bank_name, r.bank_account_number, r.bank_account_holder, r.updated_at
      FROM head, json_to_recordset(:bank_accounts::json)
           AS r(account_id text, bank_code text, bank_name text, bank_account_number text, bank_account_holder text,
                updated_at timestamptz)
    ON CONFLICT (lane, account_id) DO UPDATE
       SET bank_code = excluded.bank_code, bank_name = excluded.bank_name,
           bank_account_number = excluded.bank_account_number, bank_account_holder = excluded.bank_account_holder,
           updated_at = excluded.updated_at
)
