-- Bank statements' balances as they were last observed.
bank_statements_now AS (
    INSERT INTO bank_statements (lane, account_id, bank_account, number, bank_account_number, currency, from_on, to_on,
                                 opening, closing, moved, entries_count, source, findings, first_position, position)
    SELECT head.lane, r.account_id, r.bank_account, r.number, r.bank_account_number, r.currency, r.from_on, r.to_on,
           r.opening, r.closing, r.moved, r.entries_count, r.source, r.findings, r.first_position, r.position
      FROM head, json_to_recordset(:bank_statements::json)
           AS r(account_id text, bank_account text, number text, bank_account_number text, currency text, from_on date,
                to_on date, opening bigint, closing bigint, moved bigint, entries_count integer, source text,
                findings jsonb, first_position bigint, position bigint)
    ON CONFLICT (lane, account_id, bank_account, number) DO UPDATE
       SET bank_account_number = excluded.bank_account_number, currency = excluded.currency,
           from_on = excluded.from_on, to_on = excluded.to_on, opening = excluded.opening, closing = excluded.closing,
           moved = excluded.moved, entries_count = excluded.entries_count, source = excluded.source,
           findings = excluded.findings, position = excluded.position
)
