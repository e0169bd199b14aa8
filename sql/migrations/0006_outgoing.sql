-- Facts out: who wants to hear of an account's events, what was sent to whom, and what came back.
-- Nothing here is part of the log. How far the log has been sent stands in `checkpoints`, beside the projections' places.

-- An account's webhook endpoint. It is off until it is switched on; `switched_on` counts how often that was, and a
-- delivery belongs to the time that it was made in, so nothing has to be taken back when an endpoint is switched off.
CREATE TABLE webhook_endpoints (
    lane            integer     NOT NULL,
    account_id      text        NOT NULL,
    endpoint_id     text        NOT NULL,
    url             text        NOT NULL,
    patterns        text[]      NOT NULL,
    description     text,
    enabled         boolean     NOT NULL DEFAULT false,
    disabled_reason text        CHECK (disabled_reason IN ('gone', 'failing')), -- null: never, or by its owner
    switched_on     integer     NOT NULL DEFAULT 0,
    after_position  bigint      NOT NULL DEFAULT 0, -- the lane's head when it was last switched on
    failures        integer     NOT NULL DEFAULT 0, -- in a row
    failing_since   timestamptz,
    not_before      timestamptz,                    -- it asked for so much peace
    replay_from     bigint,
    replay_to       bigint,
    replay_version  bigint,                         -- the account's version that the replay has reached; null: at rest
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (lane, account_id, endpoint_id)
);

-- What deliveries are signed with: the newest, and during a rotation those before it until they expire.
CREATE TABLE webhook_endpoint_secrets (
    lane        integer     NOT NULL,
    account_id  text        NOT NULL,
    endpoint_id text        NOT NULL,
    secret_id   text        NOT NULL,
    secret      text        NOT NULL, -- sealed
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz,
    PRIMARY KEY (lane, account_id, endpoint_id, secret_id)
);

-- One row for each endpoint and event. A row that is being sent is leased until `next_attempt_at`.
CREATE TABLE webhook_deliveries (
    lane            integer     NOT NULL,
    account_id      text        NOT NULL,
    endpoint_id     text        NOT NULL,
    event_id        uuid        NOT NULL,
    position        bigint      NOT NULL,
    type            text        NOT NULL,
    status          text        NOT NULL CHECK (status IN ('pending', 'sending', 'delivered', 'failed')),
    switched_on     integer     NOT NULL,
    attempts        integer     NOT NULL DEFAULT 0, -- all that were ever begun
    retries         integer     NOT NULL DEFAULT 0, -- of the present round: a re-send begins a new one
    next_attempt_at timestamptz NOT NULL,
    queued_at       timestamptz NOT NULL,
    delivered_at    timestamptz,
    PRIMARY KEY (lane, account_id, endpoint_id, event_id)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (lane, account_id, endpoint_id, next_attempt_at, position)
    WHERE status IN ('pending', 'sending');
CREATE INDEX webhook_deliveries_newest ON webhook_deliveries (lane, account_id, endpoint_id, position);
CREATE INDEX webhook_deliveries_oldest ON webhook_deliveries (lane, queued_at);

CREATE TABLE webhook_attempts (
    lane         integer     NOT NULL,
    account_id   text        NOT NULL,
    endpoint_id  text        NOT NULL,
    event_id     uuid        NOT NULL,
    attempt      integer     NOT NULL,
    began_at     timestamptz NOT NULL,
    milliseconds integer     NOT NULL,
    http_status  integer,
    problem      text,
    PRIMARY KEY (lane, account_id, endpoint_id, event_id, attempt)
);

-- Each payout as it stood after each of its events: what a delivery shows, also when it is sent much later.
CREATE TABLE payout_states (
    lane       integer NOT NULL,
    account_id text    NOT NULL,
    payout_id  text    NOT NULL,
    position   bigint  NOT NULL,
    state      text    NOT NULL, -- JSON; bank account number and holder are sealed
    PRIMARY KEY (lane, account_id, payout_id, position)
);
