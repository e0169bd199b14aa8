-- Appends a batch to a lane and brings every inline view up to date, or does nothing at all.
-- The fence is the head: no row comes back, and nothing is written, unless it stands where the writer thinks it does,
-- in the term it thinks it is, no partition of a topic has been assigned anew, and every parking to be ended stands.
--   1 lane                 2 expected position    3 new position     4 new digest      5 recorded at
--   a JSON array of rows each: 6 events, in order
--   views: 7 accounts   8 bank_accounts   9 providers   10 webhook_secrets   11 balances   12 orders   13 reserves
--   14 payouts   15 provider_events   beside the log: 16 account_keys   17 answers   18 deliveries   19 consumer_offsets
--   20 expected term   21 cases   22 ended parkings   23 channels   24 statements
WITH moved_offsets AS (
    SELECT * FROM json_to_recordset($19::json)
        AS r(log text, topic text, partition integer, next_offset bigint, epoch bigint)
), ended_parkings AS (
    SELECT * FROM json_to_recordset($22::json) AS r(delivery_id uuid, how text, by text)
), head AS (
    UPDATE lanes
       SET position = $3, digest = $4, recorded_at = $5
     WHERE lane = $1 AND position = $2 AND term = $20
       AND NOT EXISTS (
            SELECT FROM moved_offsets m
             WHERE NOT EXISTS (SELECT FROM consumer_offsets c
                                WHERE c.lane = $1 AND c.log = m.log AND c.topic = m.topic
                                  AND c.partition = m.partition AND c.epoch = m.epoch))
       AND NOT EXISTS (
            SELECT FROM ended_parkings e
             WHERE NOT EXISTS (SELECT FROM parked_deliveries p
                                WHERE p.lane = $1 AND p.delivery_id = e.delivery_id AND p.ended_at IS NULL))
    RETURNING lane, position
), appended AS (
    INSERT INTO events (lane, position, account_id, version, type, effective_at, recorded_at, envelope, digest)
    SELECT head.lane, r.position, r.account_id, r.version, r.type, r.effective_at, $5, r.envelope,
           decode(r.digest, 'hex')
      FROM head, json_to_recordset($6::json)
           AS r(position bigint, account_id text, version bigint, type text, effective_at timestamptz, envelope text,
                digest text)
), first_seen AS (
    INSERT INTO account_lanes (account_id, lane)
    SELECT r.account_id, head.lane
      FROM head, json_to_recordset($16::json) AS r(account_id text, generation integer)
     WHERE r.generation = 1 AND r.account_id <> 'system'
), accounts_now AS (
    INSERT INTO accounts (lane, account_id, version, mode, backend, status, currencies, opened_at)
    SELECT head.lane, r.account_id, r.version, r.mode, r.backend, r.status, r.currencies, r.opened_at
      FROM head, json_to_recordset($7::json)
           AS r(account_id text, version bigint, mode text, backend text, status text, currencies text[],
                opened_at timestamptz)
    ON CONFLICT (lane, account_id) DO UPDATE
       SET version = excluded.version, backend = excluded.backend, status = excluded.status,
           currencies = excluded.currencies
), bank_accounts_now AS (
    INSERT INTO bank_accounts (lane, account_id, bank_code, bank_name, bank_account_number, bank_account_holder,
                               updated_at)
    SELECT head.lane, r.account_id, r.bank_code, r.bank_name, r.bank_account_number, r.bank_account_holder, r.updated_at
      FROM head, json_to_recordset($8::json)
           AS r(account_id text, bank_code text, bank_name text, bank_account_number text, bank_account_holder text,
                updated_at timestamptz)
    ON CONFLICT (lane, account_id) DO UPDATE
       SET bank_code = excluded.bank_code, bank_name = excluded.bank_name,
           bank_account_number = excluded.bank_account_number, bank_account_holder = excluded.bank_account_holder,
           updated_at = excluded.updated_at
), providers_now AS (
    INSERT INTO providers (lane, account_id, workspace_id, key_id, secret, base_url)
    SELECT head.lane, r.account_id, r.workspace_id, r.key_id, r.secret, r.base_url
      FROM head, json_to_recordset($9::json)
           AS r(account_id text, workspace_id text, key_id text, secret text, base_url text)
    ON CONFLICT (lane, account_id) DO UPDATE
       SET workspace_id = excluded.workspace_id, key_id = excluded.key_id, secret = excluded.secret,
           base_url = excluded.base_url
), webhook_secrets_now AS (
    INSERT INTO webhook_secrets (lane, account_id, secret_id, secret, added_at, retired_at)
    SELECT head.lane, r.account_id, r.secret_id, r.secret, r.added_at, r.retired_at
      FROM head, json_to_recordset($10::json)
           AS r(account_id text, secret_id text, secret text, added_at timestamptz, retired_at timestamptz)
    ON CONFLICT (lane, account_id, secret_id) DO UPDATE SET retired_at = excluded.retired_at
), balances_now AS (
    INSERT INTO balances (lane, account_id, currency, pending, available, reserved, held, paid_out)
    SELECT head.lane, r.account_id, r.currency, r.pending, r.available, r.reserved, r.held, r.paid_out
      FROM head, json_to_recordset($11::json)
           AS r(account_id text, currency text, pending bigint, available bigint, reserved bigint, held bigint,
                paid_out bigint)
    ON CONFLICT (lane, account_id, currency) DO UPDATE
       SET pending = excluded.pending, available = excluded.available, reserved = excluded.reserved,
           held = excluded.held, paid_out = excluded.paid_out
), orders_now AS (
    INSERT INTO orders (lane, account_id, currency, reference, recorded, pending, refunded, channel, expected_at)
    SELECT head.lane, r.account_id, r.currency, r.reference, r.recorded, r.pending, r.refunded, r.channel, r.expected_at
      FROM head, json_to_recordset($12::json)
           AS r(account_id text, currency text, reference text, recorded bigint, pending bigint, refunded bigint,
                channel text, expected_at timestamptz)
    ON CONFLICT (lane, account_id, currency, reference) DO UPDATE
       SET recorded = excluded.recorded, pending = excluded.pending, refunded = excluded.refunded,
           channel = excluded.channel, expected_at = excluded.expected_at
), reserves_now AS (
    INSERT INTO reserves (lane, account_id, reserve_id, currency, amount, remaining, reason, until, held_at)
    SELECT head.lane, r.account_id, r.reserve_id, r.currency, r.amount, r.remaining, r.reason, r.until, r.held_at
      FROM head, json_to_recordset($13::json)
           AS r(account_id text, reserve_id text, currency text, amount bigint, remaining bigint, reason text,
                until timestamptz, held_at timestamptz)
    ON CONFLICT (lane, account_id, reserve_id) DO UPDATE SET remaining = excluded.remaining
), payouts_now AS (
    INSERT INTO payouts (lane, account_id, payout_id, position, amount, currency, status, backend, bank_code, bank_name,
                         bank_account_number, bank_account_holder, note, reference, failure_reason, provider_payout_id,
                         requested_at, in_transit_at, paid_at, failed_at, cancelled_at, returned_at, told,
                         contradictions, submission, attempt, submission_started_at, cancel_asked_at)
    SELECT head.lane, r.account_id, r.payout_id, r.position, r.amount, r.currency, r.status, r.backend, r.bank_code,
           r.bank_name, r.bank_account_number, r.bank_account_holder, r.note, r.reference, r.failure_reason,
           r.provider_payout_id, r.requested_at, r.in_transit_at, r.paid_at, r.failed_at, r.cancelled_at, r.returned_at,
           r.told, r.contradictions, r.submission, r.attempt, r.submission_started_at, r.cancel_asked_at
      FROM head, json_to_recordset($14::json)
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
), cases_now AS (
    INSERT INTO cases (lane, account_id, case_id, position, kind, known, said, payout_id, provider_payout_id, amount,
                       currency, told, opened_at, closed_at, reason, closed_by)
    SELECT head.lane, r.account_id, r.case_id, r.position, r.kind, r.known, r.said, r.payout_id, r.provider_payout_id,
           r.amount, r.currency, r.told, r.opened_at, r.closed_at, r.reason, r.closed_by
      FROM head, json_to_recordset($21::json)
           AS r(account_id text, case_id text, position bigint, kind text, known text, said text, payout_id text,
                provider_payout_id text, amount bigint, currency text, told json, opened_at timestamptz,
                closed_at timestamptz, reason text, closed_by text)
    ON CONFLICT (lane, account_id, case_id) DO UPDATE
       SET position = excluded.position, known = excluded.known, said = excluded.said, told = excluded.told,
           provider_payout_id = excluded.provider_payout_id, amount = excluded.amount, currency = excluded.currency,
           opened_at = excluded.opened_at, closed_at = excluded.closed_at, reason = excluded.reason,
           closed_by = excluded.closed_by
), channels_now AS (
    INSERT INTO channels (lane, account_id, channel, collects, seller, currency, zone)
    SELECT head.lane, r.account_id, r.channel, r.collects, r.seller, r.currency, r.zone
      FROM head, json_to_recordset($23::json)
           AS r(account_id text, channel text, collects text, seller text, currency text, zone text)
    ON CONFLICT (lane, account_id, channel) DO UPDATE
       SET collects = excluded.collects, seller = excluded.seller, currency = excluded.currency, zone = excluded.zone
), statements_now AS (
    INSERT INTO statements (lane, account_id, channel, seller, number, source, currency, content, findings, digest,
                            reference, collects, first_position, position, created_at, updated_at, paid, was_paid,
                            booked, paid_out, deposit, previous)
    SELECT head.lane, r.account_id, r.channel, r.seller, r.number, r.source, r.currency, r.content, r.findings,
           r.digest, r.reference, r.collects, r.first_position, r.position, r.created_at, r.updated_at, r.paid,
           r.was_paid, r.booked, r.paid_out, r.deposit, r.previous
      FROM head, json_to_recordset($24::json)
           AS r(account_id text, channel text, seller text, number text, source text, currency text, content jsonb,
                findings jsonb, digest text, reference text, collects text, first_position bigint, position bigint,
                created_at timestamptz, updated_at timestamptz, paid boolean, was_paid boolean, booked bigint,
                paid_out bigint, deposit bigint, previous text)
    ON CONFLICT (lane, account_id, channel, seller, number) DO UPDATE
       SET source = excluded.source, content = excluded.content, findings = excluded.findings,
           digest = excluded.digest, collects = excluded.collects, position = excluded.position,
           created_at = excluded.created_at, updated_at = excluded.updated_at, paid = excluded.paid,
           was_paid = excluded.was_paid, booked = excluded.booked, paid_out = excluded.paid_out,
           deposit = excluded.deposit, previous = excluded.previous
), provider_events_now AS (
    INSERT INTO provider_events (lane, account_id, event_id, position)
    SELECT head.lane, r.account_id, r.event_id, r.position
      FROM head, json_to_recordset($15::json) AS r(account_id text, event_id text, position bigint)
), account_keys_now AS (
    INSERT INTO account_keys (lane, account_id, generation, wrapped, created_at)
    SELECT head.lane, r.account_id, r.generation, r.wrapped, $5
      FROM head, json_to_recordset($16::json) AS r(account_id text, generation integer, wrapped bytea)
), answers_now AS (
    INSERT INTO answers (lane, account_id, key, digest, status, answer, key_generation, position, recorded_at)
    SELECT head.lane, r.account_id, r.key, r.digest, r.status, decode(r.answer, 'base64'), r.key_generation, r.position,
           $5
      FROM head, json_to_recordset($17::json)
           AS r(account_id text, key text, digest text, status smallint, answer text, key_generation integer,
                position bigint)
), deliveries_now AS (
    INSERT INTO deliveries (lane, delivery_id, account_id, provider, event_id, digest, raw, key_generation, signature,
                            received_at, recorded_at, verdict, reason, origin)
    SELECT head.lane, r.delivery_id, r.account_id, r.provider, r.event_id, r.digest, decode(r.raw, 'base64'),
           r.key_generation, r.signature, r.received_at, $5, r.verdict, r.reason, r.origin
      FROM head, json_to_recordset($18::json)
           AS r(delivery_id uuid, account_id text, provider text, event_id text, digest text, raw text,
                key_generation integer, signature text, received_at timestamptz, verdict text, reason text, origin text)
), parked_now AS (
    INSERT INTO parked_deliveries (lane, delivery_id, account_id, reason, parked_at)
    SELECT head.lane, r.delivery_id, r.account_id, r.reason, $5
      FROM head, json_to_recordset($18::json) AS r(delivery_id uuid, account_id text, reason text, verdict text)
     WHERE r.verdict = 'parked'
), parked_no_more AS (
    UPDATE parked_deliveries p
       SET ended_at = $5, ended_how = r.how, ended_by = r.by
      FROM head, ended_parkings r
     WHERE p.lane = head.lane AND p.delivery_id = r.delivery_id
), offsets_now AS (
    UPDATE consumer_offsets c
       SET next_offset = m.next_offset
      FROM head, moved_offsets m
     WHERE c.lane = head.lane AND c.log = m.log AND c.topic = m.topic AND c.partition = m.partition
)
SELECT position FROM head
