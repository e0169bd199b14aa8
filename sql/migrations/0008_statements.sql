-- What marketplaces say they owe and pay: each account's channels, and their statements as they were last observed.
CREATE TABLE channels (
    lane       integer NOT NULL,
    account_id text    NOT NULL,
    channel    text    NOT NULL,
    collects   text    NOT NULL, -- seller or platform
    seller     text,
    currency   text,
    zone       text,
    PRIMARY KEY (lane, account_id, channel)
);

CREATE TABLE statements (
    lane           integer NOT NULL,
    account_id     text    NOT NULL,
    channel        text    NOT NULL,
    seller         text    NOT NULL, -- empty where the source names none
    number         text COLLATE "C" NOT NULL,
    source         text    NOT NULL,
    currency       text    NOT NULL,
    content        jsonb   NOT NULL, -- the statement's fields as the source's texts
    findings       jsonb   NOT NULL,
    digest         text    NOT NULL, -- keyed, of the record
    reference      text    NOT NULL, -- the order that its money counts for
    collects       text    NOT NULL,
    first_position bigint  NOT NULL,
    position       bigint  NOT NULL,
    created_at     timestamptz,
    updated_at     timestamptz,
    paid           boolean,
    was_paid       boolean NOT NULL,
    booked         bigint  NOT NULL,
    paid_out       bigint  NOT NULL,
    deposit        bigint,
    previous       text,
    PRIMARY KEY (lane, account_id, channel, seller, number)
);
CREATE INDEX statements_numbered ON statements (lane, account_id, number);
CREATE INDEX statements_in_turn ON statements (lane, account_id, first_position);
-- A statement without a time counts as older than any other.
CREATE INDEX statements_by_age ON statements
    (lane, account_id, channel, seller, currency, coalesce(created_at, '-infinity'), number);

-- Who asks for statements the way that SellerCenter's callers do: by an e-mail address. The key's secret signs.
ALTER TABLE api_keys ADD COLUMN user_id text;
CREATE INDEX api_keys_of_user ON api_keys (user_id) WHERE user_id IS NOT NULL AND revoked_at IS NULL;
