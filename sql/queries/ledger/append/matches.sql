-- Matches, and whether they still stand.
matches_now AS (
    INSERT INTO matches (lane, account_id, match_id, position, entry_id, currency, targets, reason, made_by, made_at,
                         unmade_at, unmade_by, unmade_reason)
    SELECT head.lane, r.account_id, r.match_id, r.position, r.entry_id, r.currency, r.targets, r.reason, r.made_by,
           r.made_at, r.unmade_at, r.unmade_by, r.unmade_reason
      FROM head, json_to_recordset(:matches::json)
           AS r(account_id text, match_id text, position bigint, entry_id text, currency text, targets jsonb,
                reason text, made_by text, made_at timestamptz, unmade_at timestamptz, unmade_by text,
                unmade_reason text)
    ON CONFLICT (lane, account_id, match_id) DO UPDATE
       SET unmade_at = excluded.unmade_at, unmade_by = excluded.unmade_by, unmade_reason = excluded.unmade_reason
)
