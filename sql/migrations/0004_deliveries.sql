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
    verdict        text        NOT NULL, -- accepted, duplicate or rejected
    reason         text,
    origin         text        NOT NULL, -- topic/partition/offset
    PRIMARY KEY (lane, delivery_id)
);
CREATE INDEX deliveries_rejected ON deliveries (lane, recorded_at) WHERE verdict = 'rejected';

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
