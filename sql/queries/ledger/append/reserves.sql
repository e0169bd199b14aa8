-- Reserves: new ones, and what is left of them.
reserves_now AS (
    INSERT INTO reserves (lane, account_id, reserve_id, currency, amount, remaining, reason, until, held_at)
    SELECT head.lane, r.account_id, r.reserve_id, r.currency, r.amount, r.remaining, r.reason, r.until, r.held_at
      FROM head, json_to_recordset(:reserves::json)
           AS r(account_id text, reserve_id text, currency text, amount bigint, remaining bigint, reason text,
                until timestamptz, held_at timestamptz)
    ON CONFLICT (lane, account_id, reserve_id) DO UPDATE SET remaining = excluded.remaining
)
