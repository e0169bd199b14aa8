-- Payouts as they stand now.
payouts_now AS (
    INSERT INTO payouts (lane, account_id, payout_id, position, amount, currency, status, backend, bank_code, bank_name,
                         bank_account_number, bank_account_holder, note, reference, failure_reason, provider_payout_id,
                         requested_at, in_transit_at, paid_at, failed_at, cancelled_at, returned_at, told,
                         contradictions, submission, attempt, submission_started_at, cancel_asked_at)
    SELECT head.lane, r.account_id, r.payout_id, r.position, r.amount, r.currency, r.status, r.backend, r.bank_code,
           r.bank_name, r.bank_account_number, r.bank_account_holder, r.note, r.reference, r.failure_reason,
           r.provider_payout_id, r.requested_at, r.in_transit_at, r.paid_at, r.failed_at, r.cancelled_at, r.returned_at,
           r.told, r.contradictions, r.submission, r.attempt, r.submission_started_at, r.cancel_asked_at
      FROM head, json_to_recordset(:payouts::json)
           AS r(account_id text, payout_id text, position bigint, amount bigint, currency text, status text,
                backend text, bank_code text, bank_name text, bank_account_number text, bank_account_holder text,
                note text, reference text, failure_reason text, provider_payout_id text, requested_at timestamptz,
                in_transit_at timestamptz, paid_at timestamptz, failed_at timestamptz, cancelled_at timestamptz,
                returned_at timestamptz, told json, contradictions text[], submission text, attempt integer,
                submission_started_at timestamptz, cancel_asked_at timestamptz)
    ON CONFLICT (lane, account_id, payout_id) DO UPDATE
       SET amount = excluded.amount, status = excluded.status, reference = excluded.reference,
           failure_reason = excluded.failure_reason,
           provider_payout_id = excluded.provider_payout_id, in_transit_at = excluded.in_transit_at,
           paid_at = excluded.paid_at, failed_at = excluded.failed_at, cancelled_at = excluded.cancelled_at,
           returned_at = excluded.returned_at, told = excluded.told, contradictions = excluded.contradictions,
           submission = excluded.submission, attempt = excluded.attempt,
           submission_started_at = excluded.submission_started_at, cancel_asked_at = excluded.cancel_asked_at
)
