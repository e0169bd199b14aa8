-- The trailing journal: every movement of money as balanced double-entry postings, per event and currency.
CREATE TABLE journal (
    lane         integer     NOT NULL,
    position     bigint      NOT NULL,
    line         smallint    NOT NULL,
    account_id   text        NOT NULL,
    currency     text        NOT NULL,
    book         text        NOT NULL CHECK (book IN ('clearing', 'pending', 'available', 'reserved', 'held', 'paid_out',
                                                      'fees', 'refunds', 'adjustments')),
    debit        bigint      NOT NULL CHECK (debit >= 0),
    credit       bigint      NOT NULL CHECK (credit >= 0),
    type         text        NOT NULL,
    effective_at timestamptz NOT NULL,
    PRIMARY KEY (lane, position, line)
);
CREATE INDEX journal_of_account ON journal (lane, account_id, currency, position);

-- How far each trailing projection has read each lane, moved in the same transaction as its rows.
CREATE TABLE checkpoints (
    lane       integer     NOT NULL,
    projection text        NOT NULL,
    position   bigint      NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (lane, projection)
);
