-- Lists are read a page at a time: each in an index of its own order, and not from the account's beginning.
CREATE INDEX settlement_totals_in_turn ON settlement_totals (lane, account_id, level, channel, key);
CREATE INDEX settlement_lines_withdrawn ON settlement_lines (lane, account_id, channel, reference, currency)
    WHERE kind = 'withdrawal' AND stage IN ('sent', 'paid');
CREATE INDEX settlement_lines_of_no_order ON settlement_lines (lane, account_id, channel, occurred_at)
    WHERE counts AND books AND depth = 0 AND order_id IS NULL;
CREATE INDEX statements_of_channel ON statements (lane, account_id, channel, number, currency, seller);
CREATE INDEX bank_statements_in_turn ON bank_statements (lane, account_id, first_position);
