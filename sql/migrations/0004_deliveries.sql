-- What arrived from outside, byte for byte, one row for each arrival, whatever became of it.
CREATE TABLE deliveries (
    lane           integer     NOT NULL,
    delivery_id    uuid        NOT NULL,
    account_id     text        NOT NULL, -- whose key sealed it: `system` where nobody could be named
    provider       text        NOT NULL,
    event_id       text,
    digest         text        NOT NULL, -- keyed
    raw            bytea       NOT NULL, -- sealed
    key_generation integer     NOT NULL,
    signature      text,
    received_at    timestamptz,
    recorded_at    timestamptz NOT NULL,
    verdict        text        NOT NULL, -- accepted, duplicate, rejected or parked
    reason         text,
    origin         text        NOT NULL, -- topic/partition/offset
    PRIMARY KEY (lane, delivery_id)
);
-- Ids begin with the time they were made: by id is by arrival.
CREATE INDEX deliveries_not_taken ON deliveries (lane, delivery_id) WHERE verdict IN ('rejected', 'parked');
CREATE INDEX deliveries_of_account ON deliveries (lane, account_id, delivery_id);

-- How far each lane has taken each partition in, moved in the same transaction as the events.
-- `log` names the broker's cluster: another cluster starts anew. `epoch` moves with each assignment.
CREATE TABLE consumer_offsets (
    lane        integer NOT NULL,
    log         text    NOT NULL,
    topic       text    NOT NULL,
    partition   integer NOT NULL,
    next_offset bigint  NOT NULL,
    epoch       bigint  NOT NULL,
    PRIMARY KEY (lane, log, topic, partition)
);

-- Deliveries that could not be taken in, until a person has them taken in again or dismisses them.
CREATE TABLE parked_deliveries (
    lane        integer     NOT NULL,
    delivery_id uuid        NOT NULL,
    account_id  text        NOT NULL,
    reason      text        NOT NULL,
    parked_at   timestamptz NOT NULL,
    ended_at    timestamptz,
    ended_how   text,                 -- replayed or dismissed
    ended_by    text,
    PRIMARY KEY (lane, delivery_id)
);
CREATE INDEX parked_deliveries_waiting ON parked_deliveries (lane, parked_at) WHERE ended_at IS NULL;
