-- Disputes hold an order's money until it is known whose it is; and the accounts whose payout policies have something due.
CREATE TABLE disputes (
    lane        integer     NOT NULL,
    account_id  text        NOT NULL,
    dispute_id  text        NOT NULL,
    position    bigint      NOT NULL,
    currency    text        NOT NULL,
    reference   text        NOT NULL, -- the order
    amount      bigint      NOT NULL,
    reason      text        NOT NULL,
    status      text        NOT NULL, -- open, won or lost
    opened_at   timestamptz NOT NULL,
    resolved_at timestamptz,
    resolution  text,
    PRIMARY KEY (lane, account_id, dispute_id)
);
CREATE INDEX disputes_newest ON disputes (lane, account_id, position);

-- How an order stands with its disputes; null where it never had one, which is nearly every order.
ALTER TABLE orders ADD COLUMN disputed json;

-- The log's spelling of a time sorts as the time does.
CREATE INDEX accounts_due ON accounts (lane, (settings ->> 'payoutDueAt') COLLATE "C")
    WHERE settings ? 'payoutDueAt';
