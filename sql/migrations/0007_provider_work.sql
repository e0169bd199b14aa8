-- Who is at which payout with the provider, until when, and when it is due again. A lease, not a truth: what has been
-- done stands in the log. Rows of payouts that have ended are swept away.
CREATE TABLE provider_work (
    lane         integer     NOT NULL,
    payout_id    text        NOT NULL,
    account_id   text        NOT NULL,
    leased_until timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    looked_at    timestamptz NOT NULL,
    tries        integer     NOT NULL,
    PRIMARY KEY (lane, payout_id)
);
CREATE INDEX provider_work_due ON provider_work (lane, due_at);

-- The same for whole accounts: when each is to be compared with the provider's list, and how it looked last time.
CREATE TABLE provider_sweeps (
    lane         integer     NOT NULL,
    account_id   text        NOT NULL,
    leased_until timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    swept_at     timestamptz,          -- everything that the provider made before this has been compared
    differs      text,                 -- what differed the last time: only what differs twice becomes a case
    PRIMARY KEY (lane, account_id)
);
