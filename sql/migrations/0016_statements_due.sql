-- When an account's own statements have to be looked at stands beside who looks at them, and is found in an index: an
-- account in which nothing is due is not read at all. It follows the log, from where the log is now.
-- Under a new name: a service of the release before, which would forget what fell due while it looked, finds nothing.
ALTER TABLE statement_work RENAME TO statements_due;
ALTER TABLE statements_due ADD COLUMN cycle text; -- that is in force; null until the log is followed to there
ALTER TABLE statements_due ADD COLUMN touched_version bigint NOT NULL DEFAULT 0; -- of the event that made it due last
CREATE INDEX statements_due_at ON statements_due (lane, due_at);

INSERT INTO checkpoints (lane, projection, position, updated_at)
SELECT lane, 'statements_due', position, now() FROM lanes;
-- Everybody is looked at once.
INSERT INTO statements_due (lane, account_id, leased_until, due_at, looked_version, cycle)
SELECT lane, account_id, '-infinity', '-infinity', 0, settings->'statementCycle'->>'cycle'
  FROM accounts
 WHERE settings ? 'statementCycle'
    ON CONFLICT (lane, account_id) DO UPDATE SET due_at = excluded.due_at, cycle = excluded.cycle;
