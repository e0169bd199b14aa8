-- When an account's own statements have to be looked at stands beside who looks at them, and is found in an index: an
-- account in which nothing is due is not read at all. It follows the log, from where the log is now.
DROP INDEX accounts_statements_due;
ALTER TABLE statement_work ADD COLUMN cycle text; -- that is in force; null until the log is followed to there
ALTER TABLE statement_work ADD COLUMN touched_version bigint NOT NULL DEFAULT 0; -- of the event that made it due last
CREATE INDEX statement_work_due ON statement_work (lane, due_at);

INSERT INTO checkpoints (lane, projection, position, updated_at)
SELECT lane, 'statement_work', position, now() FROM lanes;
-- Everybody is looked at once.
INSERT INTO statement_work (lane, account_id, leased_until, due_at, looked_version, cycle)
SELECT lane, account_id, '-infinity', '-infinity', 0, settings->'statementCycle'->>'cycle'
  FROM accounts
 WHERE settings ? 'statementCycle'
    ON CONFLICT (lane, account_id) DO UPDATE SET due_at = excluded.due_at, cycle = excluded.cycle;
