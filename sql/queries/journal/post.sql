-- Adds postings.   1 lane   2 postings (JSON)
INSERT INTO journal (lane, position, line, account_id, currency, book, debit, credit, type, effective_at)
SELECT $1, r.position, r.line, r.account_id, r.currency, r.book, r.debit, r.credit, r.type, r.effective_at
  FROM json_to_recordset($2::json)
       AS r(position bigint, line smallint, account_id text, currency text, book text, debit bigint, credit bigint,
            type text, effective_at timestamptz)
