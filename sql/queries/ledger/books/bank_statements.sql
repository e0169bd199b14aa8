-- Bank statements by their account's digest and their number.
(SELECT json_agg(json_build_object(
                   'account_id', s.account_id, 'bank_account', s.bank_account, 'number', s.number,
                   'bank_account_number', s.bank_account_number, 'currency', s.currency, 'from_on', s.from_on,
                   'to_on', s.to_on, 'opening', s.opening, 'closing', s.closing, 'moved', s.moved,
                   'entries_count', s.entries_count, 'source', s.source, 'findings', s.findings,
                   'first_position', s.first_position, 'position', s.position))
          FROM json_to_recordset(:bank_statements::json) AS n(account_id text, bank_account text, number text)
          CROSS JOIN LATERAL (SELECT * FROM bank_statements r
                               WHERE r.lane = $1 AND r.account_id = n.account_id
                                 AND r.bank_account = n.bank_account AND r.number = n.number LIMIT 1) s)
       AS bank_statements
