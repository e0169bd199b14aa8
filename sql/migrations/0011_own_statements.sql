-- The ledger's own statements: who looks at which account, until when, and when it has to be looked at again. A lease,
-- not a truth: what was closed stands in the log, and each statement only continues the one before it.
CREATE TABLE statement_work (
    lane           integer     NOT NULL,
    account_id     text        NOT NULL,
    leased_until   timestamptz NOT NULL,
    due_at         timestamptz,          -- the end of the period under way; null where no calendar ends it
    looked_version bigint      NOT NULL, -- the account's, when it was last looked at
    PRIMARY KEY (lane, account_id)
);

CREATE INDEX accounts_statements_due ON accounts (lane, ((settings->'statementCycle'->>'dueAt') COLLATE "C"))
    WHERE settings->'statementCycle'->>'dueAt' IS NOT NULL;
