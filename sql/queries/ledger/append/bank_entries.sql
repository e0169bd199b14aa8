-- Bank entries, and how much of each is claimed.
bank_entries_now AS (
    INSERT INTO bank_entries (lane, account_id, entry_id, position, bank_account, currency, amount, booked_on, value_on,
                              reference, "references", remittance, counterparty, reversal, source, findings, digest,
                              claimed)
    SELECT head.lane, r.account_id, r.entry_id, r.position, r.bank_account, r.currency, r.amount, r.booked_on,
           r.value_on, r.reference, r."references", r.remittance, r.counterparty, r.reversal, r.source, r.findings,
           r.digest, r.claimed
      FROM head, json_to_recordset(:bank_entries::json)
           AS r(account_id text, entry_id text, position bigint, bank_account text, currency text, amount bigint,
                booked_on date, value_on date, reference text, "references" text[], remittance text,
                counterparty text, reversal boolean, source text, findings jsonb, digest text, claimed bigint)
    ON CONFLICT (lane, account_id, entry_id) DO UPDATE SET claimed = excluded.claimed
)
