-- Marketplaces' statements as they were last observed.
statements_now AS (
    INSERT INTO statements (lane, account_id, channel, seller, number, source, currency, content, findings, digest,
                            reference, collects, first_position, position, created_at, updated_at, paid, was_paid,
                            booked, paid_out, deposit, previous)
    SELECT head.lane, r.account_id, r.channel, r.seller, r.number, r.source, r.currency, r.content, r.findings,
           r.digest, r.reference, r.collects, r.first_position, r.position, r.created_at, r.updated_at, r.paid,
           r.was_paid, r.booked, r.paid_out, r.deposit, r.previous
      FROM head, json_to_recordset(:statements::json)
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
)
