-- Keys of three kinds, and the answers already given.

-- One key per account and generation, wrapped with the master key. Destroying a row erases the person.
CREATE TABLE account_keys (
    lane       integer     NOT NULL,
    account_id text        NOT NULL,
    generation integer     NOT NULL,
    wrapped    bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (lane, account_id, generation)
);

-- What was answered to an accepted command, for ever. `digest` is keyed; `answer` is sealed with the account's key.
CREATE TABLE answers (
    lane           integer     NOT NULL,
    account_id     text        NOT NULL,
    key            text        NOT NULL,
    digest         text        NOT NULL,
    status         smallint    NOT NULL,
    answer         bytea       NOT NULL,
    key_generation integer     NOT NULL,
    position       bigint      NOT NULL,
    recorded_at    timestamptz NOT NULL,
    PRIMARY KEY (lane, account_id, key)
);

-- Who may call. A bearer secret is kept as a hash; what signing needs is sealed with the master key.
CREATE TABLE api_keys (
    key_id        text        PRIMARY KEY,
    secret_hash   bytea       NOT NULL UNIQUE,
    secret_sealed bytea       NOT NULL,
    mode          text        NOT NULL CHECK (mode IN ('live', 'test')),
    scopes        text[]      NOT NULL,
    account_id    text,       -- null: a platform key
    on_behalf_of  boolean     NOT NULL,
    label         text,
    created_at    timestamptz NOT NULL,
    revoked_at    timestamptz
);

-- Moves with every change of a key, so that a service may remember keys and still notice a revocation.
CREATE TABLE api_key_epoch (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch bigint  NOT NULL
);
INSERT INTO api_key_epoch (epoch) VALUES (1);
