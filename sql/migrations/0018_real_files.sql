-- What tells bank entries and statements apart within a file and across files, and the receipts of imports.
ALTER TABLE bank_entries
    ADD COLUMN content   text,    -- keyed digest of what tells it from others; null of those from before
    ADD COLUMN statement jsonb,   -- the statement that it stood in: number, page, from, to, opening, closing
    ADD COLUMN balance   bigint;  -- the bank account's balance after it
CREATE INDEX bank_entries_of_content ON bank_entries (lane, account_id, content) WHERE content IS NOT NULL;
CREATE INDEX bank_entries_of_reference ON bank_entries (lane, account_id, reference) WHERE reference IS NOT NULL;
CREATE INDEX bank_entries_by_references ON bank_entries USING gin ("references");

ALTER TABLE bank_statements
    ADD COLUMN part    text COLLATE "C" NOT NULL DEFAULT '', -- of the statements with this number
    ADD COLUMN made_at timestamptz;                          -- by the bank
ALTER TABLE bank_statements
    DROP CONSTRAINT bank_statements_pkey,
    ADD PRIMARY KEY (lane, account_id, bank_account, number, part);

ALTER TABLE imports ADD COLUMN receipt jsonb; -- null of imports from before there were receipts
