-- What decisions are made on, kept in the same transaction as the events. All of it can be folded again from the log
-- (`payout-ledger rebuild inline`). Amounts are minor units. Columns marked sealed hold ciphertext.

CREATE TABLE accounts (
    lane       integer     NOT NULL,
    account_id text        NOT NULL,
    version    bigint      NOT NULL,
    mode       text        NOT NULL,
    backend    text        NOT NULL,
    status     text        NOT NULL,
    currencies text[]      NOT NULL,
    opened_at  timestamptz NOT NULL,
    PRIMARY KEY (lane, account_id)
);

CREATE TABLE bank_accounts (
    lane                integer     NOT NULL,
    account_id          text        NOT NULL,
    bank_code           text,
    bank_name           text        NOT NULL,
    bank_account_number text        NOT NULL, -- sealed
    bank_account_holder text        NOT NULL, -- sealed
    updated_at          timestamptz NOT NULL,
    PRIMARY KEY (lane, account_id)
);

CREATE TABLE providers (
    lane         integer NOT NULL,
    account_id   text    NOT NULL,
    workspace_id text    NOT NULL,
    key_id       text    NOT NULL,
    secret       text    NOT NULL, -- sealed
    base_url     text,
    PRIMARY KEY (lane, account_id)
);
CREATE INDEX providers_workspace ON providers (workspace_id);

CREATE TABLE webhook_secrets (
    lane       integer     NOT NULL,
    account_id text        NOT NULL,
    secret_id  text        NOT NULL,
    secret     text        NOT NULL, -- sealed
    added_at   timestamptz NOT NULL,
    retired_at timestamptz,
    PRIMARY KEY (lane, account_id, secret_id)
);

CREATE TABLE balances (
    lane       integer NOT NULL,
    account_id text    NOT NULL,
    currency   text    NOT NULL,
    pending    bigint  NOT NULL,
    available  bigint  NOT NULL,
    reserved   bigint  NOT NULL,
    held       bigint  NOT NULL,
    paid_out   bigint  NOT NULL,
    PRIMARY KEY (lane, account_id, currency)
);

CREATE TABLE orders (
    lane        integer NOT NULL,
    account_id  text    NOT NULL,
    currency    text    NOT NULL,
    reference   text    NOT NULL,
    recorded    bigint  NOT NULL,
    pending     bigint  NOT NULL,
    refunded    bigint  NOT NULL,
    channel     text,
    expected_at timestamptz,
    PRIMARY KEY (lane, account_id, currency, reference)
);

CREATE TABLE reserves (
    lane       integer     NOT NULL,
    account_id text        NOT NULL,
    reserve_id text        NOT NULL,
    currency   text        NOT NULL,
    amount     bigint      NOT NULL,
    remaining  bigint      NOT NULL,
    reason     text        NOT NULL,
    until      timestamptz,
    held_at    timestamptz NOT NULL,
    PRIMARY KEY (lane, account_id, reserve_id)
);

CREATE TABLE payouts (
    lane                integer     NOT NULL,
    account_id          text        NOT NULL,
    payout_id           text        NOT NULL,
    position            bigint      NOT NULL,
    amount              bigint      NOT NULL,
    currency            text        NOT NULL,
    status              text        NOT NULL,
    backend             text        NOT NULL,
    bank_code           text,
    bank_name           text        NOT NULL,
    bank_account_number text        NOT NULL, -- sealed
    bank_account_holder text        NOT NULL, -- sealed
    note                text,
    reference           text,
    failure_reason      text,
    provider_payout_id  text,
    requested_at        timestamptz NOT NULL,
    in_transit_at       timestamptz,
    paid_at             timestamptz,
    failed_at           timestamptz,
    cancelled_at        timestamptz,
    returned_at         timestamptz,
    told                json        NOT NULL, -- the provider's dated statements: status and times follow from them
    contradictions      text[]      NOT NULL, -- kinds of the cases that stand open
    submission          text,                 -- started, accepted or unknown; null before the provider is given it
    attempt             integer     NOT NULL,
    submission_started_at timestamptz,
    cancel_asked_at     timestamptz,
    PRIMARY KEY (lane, account_id, payout_id)
);
CREATE INDEX payouts_newest ON payouts (lane, account_id, position);
CREATE INDEX payouts_newest_of_status ON payouts (lane, account_id, status, position);
CREATE INDEX payouts_at_provider ON payouts (lane, provider_payout_id) WHERE provider_payout_id IS NOT NULL;
-- The dispatcher's outbox: what is to be given to the provider, what it is to be asked to cancel, and all it has.
CREATE INDEX payouts_to_submit ON payouts (lane, position)
    WHERE backend = 'plugipay' AND status = 'pending' AND submission IS NULL;
CREATE INDEX payouts_to_cancel ON payouts (lane, position) WHERE status = 'pending' AND cancel_asked_at IS NOT NULL;
CREATE INDEX payouts_through_provider ON payouts (lane, position)
    WHERE backend = 'plugipay' AND status IN ('pending', 'in_transit');

CREATE TABLE cases (
    lane               integer     NOT NULL,
    account_id         text        NOT NULL,
    case_id            text        NOT NULL,
    position           bigint      NOT NULL,
    kind               text        NOT NULL,
    known              text        NOT NULL,
    said               text        NOT NULL,
    payout_id          text,
    provider_payout_id text,
    amount             bigint,
    currency           text,
    told               json        NOT NULL,
    opened_at          timestamptz NOT NULL,
    closed_at          timestamptz,
    reason             text,
    closed_by          text,
    PRIMARY KEY (lane, account_id, case_id)
);
CREATE INDEX cases_newest ON cases (lane, position);
CREATE INDEX cases_open ON cases (lane, position) WHERE closed_at IS NULL;
CREATE INDEX cases_of_payout ON cases (lane, account_id, payout_id) WHERE payout_id IS NOT NULL;
CREATE INDEX cases_at_provider ON cases (lane, account_id, provider_payout_id) WHERE provider_payout_id IS NOT NULL;

-- The provider's event ids that an account has taken in: a second delivery changes nothing.
CREATE TABLE provider_events (
    lane       integer NOT NULL,
    account_id text    NOT NULL,
    event_id   text    NOT NULL,
    position   bigint  NOT NULL,
    PRIMARY KEY (lane, account_id, event_id)
);

-- The log's spelling of a time, as events/instants.py has it.
CREATE FUNCTION instant(timestamptz) RETURNS text LANGUAGE sql STABLE RETURN
    to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
