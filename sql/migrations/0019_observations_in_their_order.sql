-- Observations are a set in the order of their time, and no longer in that of their arrival. What a source said, and when,
-- is kept in settlements.sources and statements.told; rows of older releases have the content, and no time.
ALTER TABLE statements ADD COLUMN told jsonb NOT NULL DEFAULT '{}';
ALTER TABLE channels ADD COLUMN owed jsonb NOT NULL DEFAULT '{}'; -- by currency, taken back beyond what was paid
ALTER TABLE orders ADD COLUMN let_go bigint NOT NULL DEFAULT 0; -- how much of told the channel has let go of

UPDATE orders o
   SET let_go = s.let_go
  FROM (SELECT lane, account_id, currency, counts_for, sum(booked) AS let_go
          FROM settlements
         WHERE released AND booked IS NOT NULL
         GROUP BY lane, account_id, currency, counts_for) s
 WHERE o.lane = s.lane AND o.account_id = s.account_id AND o.currency = s.currency AND o.reference = s.counts_for;

-- The trailing views follow the same order. `version` is the time of what a record says, with its digest; rows of older
-- releases have none, and are before all that have one. `worths` is on the first line of a record that books.
ALTER TABLE settlement_lines ADD COLUMN version text COLLATE "C";
ALTER TABLE settlement_lines ADD COLUMN worths numeric[]; -- every amount that its source ever said it was worth
CREATE INDEX settlement_lines_returned ON settlement_lines (lane, account_id, channel, reference, currency)
    WHERE kind = 'withdrawal_returned' AND stage IN ('failed', 'returned');

-- What payments say that they pay, and which payment a total was paid by.
CREATE TABLE settlement_links (
    lane       integer NOT NULL,
    account_id text    NOT NULL,
    channel    text    NOT NULL,
    paid_by    text COLLATE "C" NOT NULL, -- the payment's reference
    reference  text COLLATE "C" NOT NULL, -- the money's
    PRIMARY KEY (lane, account_id, channel, paid_by, reference)
);
CREATE INDEX settlement_links_of_money ON settlement_links (lane, account_id, channel, reference);
ALTER TABLE settlement_totals ADD COLUMN paid_by text COLLATE "C";
CREATE INDEX settlement_totals_paid_by ON settlement_totals (lane, account_id, channel, paid_by) WHERE paid_by IS NOT NULL;
