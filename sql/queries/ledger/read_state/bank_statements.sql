-- Bank statements by the digest of their bank account, and by their number: all parts of it.
(SELECT json_agg(s) FROM json_to_recordset(:bank_statements::json) AS n(account_id text, bank_account text, number text)
          CROSS JOIN LATERAL (SELECT * FROM bank_statements r
                               WHERE r.lane = $1 AND r.account_id = n.account_id
                                 AND r.bank_account = n.bank_account AND r.number = n.number OFFSET 0) s)
       AS bank_statements
