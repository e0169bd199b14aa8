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
