-- Where the money of each currency is now.
balances_now AS (
    INSERT INTO balances (lane, account_id, currency, pending, available, reserved, held, paid_out)
    SELECT head.lane, r.account_id, r.currency, r.pending, r.available, r.reserved, r.held, r.paid_out
      FROM head, json_to_recordset(:balances::json)
           AS r(account_id text, currency text, pending bigint, available bigint, reserved bigint, held bigint,
                paid_out bigint)
    ON CONFLICT (lane, account_id, currency) DO UPDATE
       SET pending = excluded.pending, available = excluded.available, reserved = excluded.reserved,
           held = excluded.held, paid_out = excluded.paid_out
)
