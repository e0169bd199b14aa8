-- Cases as they stand now.
cases_now AS (
    INSERT INTO cases (lane, account_id, case_id, position, kind, known, said, payout_id, provider_payout_id, amount,
                       currency, told, opened_at, closed_at, reason, closed_by)
    SELECT head.lane, r.account_id, r.case_id, r.position, r.kind, r.known, r.said, r.payout_id, r.provider_payout_id,
           r.amount, r.currency, r.told, r.opened_at, r.closed_at, r.reason, r.closed_by
      FROM head, json_to_recordset(:cases::json)
           AS r(account_id text, case_id text, position bigint, kind text, known text, said text, payout_id text,
                provider_payout_id text, amount bigint, currency text, told json, opened_at timestamptz,
                closed_at timestamptz, reason text, closed_by text)
    ON CONFLICT (lane, account_id, case_id) DO UPDATE
       SET position = excluded.position, known = excluded.known, said = excluded.said, told = excluded.told,
           provider_payout_id = excluded.provider_payout_id, amount = excluded.amount, currency = excluded.currency,
           opened_at = excluded.opened_at, closed_at = excluded.closed_at, reason = excluded.reason,
           closed_by = excluded.closed_by
)
