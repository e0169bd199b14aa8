-- The log. Each lane numbers its events 1, 2, 3 ... under the lock of its head row, so positions are commit-ordered
-- and have no holes: a reader needs `position > n` and nothing else. Nothing here is ever updated or deleted.

CREATE TABLE ledger (
    one        boolean     PRIMARY KEY DEFAULT true CHECK (one),
    ledger_id  uuid        NOT NULL,
    exponents  json        NOT NULL,
    created_at timestamptz NOT NULL
);

-- A lane's head: the fence that every append moves. `term` moves when a writer has lost touch with an append of its own
-- and must be sure that it can no longer take effect.
CREATE TABLE lanes (
    lane        integer     PRIMARY KEY CHECK (lane > 0),
    term        bigint      NOT NULL DEFAULT 0,
    position    bigint      NOT NULL CHECK (position >= 0),
    digest      bytea       NOT NULL CHECK (octet_length(digest) = 32),
    recorded_at timestamptz NOT NULL
);

-- Which lane an account belongs to, for ever: lanes may be added, so a hash alone would not stay true.
CREATE TABLE account_lanes (
    account_id text    PRIMARY KEY,
    lane       integer NOT NULL
);

-- `envelope` is the canonical JSON that the digest covers; the other columns repeat parts of it for the indexes.
CREATE TABLE events (
    lane         integer     NOT NULL,
    position     bigint      NOT NULL,
    account_id   text        NOT NULL,
    version      bigint      NOT NULL,
    type         text        NOT NULL,
    effective_at timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    envelope     text        NOT NULL,
    digest       bytea       NOT NULL CHECK (octet_length(digest) = 32),
    PRIMARY KEY (lane, position)
) PARTITION BY RANGE (position);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the log is append-only, corrections are new events', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER events_are_not_changed BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_are_not_truncated BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Makes partitions of `size` positions until every position below `up_to` has one; gives how many it made.
-- The version index is per partition, since a partitioned table's own would have to contain the position.
CREATE FUNCTION make_event_partitions(up_to bigint, size bigint DEFAULT 10000000) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    start   bigint;
    made    integer := 0;
    section text;
BEGIN
    SELECT coalesce(max(split_part(relname, '_to_', 2)::bigint), 0) INTO start
      FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
     WHERE inhparent = 'events'::regclass;
    WHILE start < up_to LOOP
        section := format('events_%s_to_%s', start, start + size);
        EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%s) TO (%s)', section, start, start + size);
        EXECUTE format('CREATE UNIQUE INDEX %I ON %I (lane, account_id, version)', section || '_version', section);
        EXECUTE format('CREATE TRIGGER events_are_not_truncated BEFORE TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', section);
        -- ALWAYS: also for a session that calls itself a replica.
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER events_are_not_changed', section);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER events_are_not_truncated', section);
        start := start + size;
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

ALTER TABLE events ENABLE ALWAYS TRIGGER events_are_not_changed;
ALTER TABLE events ENABLE ALWAYS TRIGGER events_are_not_truncated;
