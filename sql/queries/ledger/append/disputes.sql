-- Disputes: new ones, and how they ended.
disputes_now AS (
    INSERT INTO disputes (lane, account_id, dispute_id, position, currency, reference, amount, reason, status, opened_at,
                          resolved_at, resolution)
    SELECT head.lane, r.account_id, r.dispute_id, r.position, r.currency, r.reference, r.amount, r.reason, r.status,
           r.opened_at, r.resolved_at, r.resolution
      FROM head, json_to_recordset(:disputes::json)
           AS r(account_id text, dispute_id text, position bigint, currency text, reference text, amount bigint,
                reason text, status text, opened_at timestamptz, resolved_at timestamptz, resolution text)
    ON CONFLICT (lane, account_id, dispute_id) DO UPDATE
       SET status = excluded.status, resolved_at = excluded.resolved_at, resolution = excluded.resolution
)
