-- Orders as they stand now.
orders_now AS (
    INSERT INTO orders (lane, account_id, currency, reference, recorded, pending, refunded, channel, expected_at,
                        told, told_by, disputed)
    SELECT head.lane, r.account_id, r.currency, r.reference, r.recorded, r.pending, r.refunded, r.channel, r.expected_at,
           r.told, r.told_by, r.disputed
      FROM head, json_to_recordset(:orders::json)
           AS r(account_id text, currency text, reference text, recorded bigint, pending bigint, refunded bigint,
                channel text, expected_at timestamptz, told bigint, told_by text, disputed json)
    ON CONFLICT (lane, account_id, currency, reference) DO UPDATE
       SET recorded = excluded.recorded, pending = excluded.pending, refunded = excluded.refunded,
           channel = excluded.channel, expected_at = excluded.expected_at, told = excluded.told,
           told_by = excluded.told_by, disputed = excluded.disputed
)
