-- Files are kept as they came, sealed, so that a mistake at import can be repaired: a table's row says nothing without its
-- headings and what stands above them. A file is known by its content: all imports of it are readings of one file.
CREATE TABLE import_files (
    lane       integer     NOT NULL,
    account_id text        NOT NULL,
    digest     text        NOT NULL, -- keyed, of the content
    sealed_by  text        NOT NULL, -- whose key: `system` where the account was not open
    generation integer     NOT NULL, -- of that key
    bytes      bigint      NOT NULL,
    request    jsonb       NOT NULL, -- how it was read last
    shop       jsonb       NOT NULL, -- and what that left open
    arrived_at timestamptz NOT NULL, -- the first time: what is read anew is as old as it was
    PRIMARY KEY (lane, account_id, digest)
);

CREATE TABLE import_file_parts (
    lane       integer NOT NULL,
    account_id text    NOT NULL,
    digest     text    NOT NULL,
    number     integer NOT NULL,
    content    bytea   NOT NULL, -- compressed, then sealed
    PRIMARY KEY (lane, account_id, digest, number)
);

-- What each record of a file stated when it was read: what it states no more, when it is read anew, is withdrawn.
CREATE TABLE import_readings (
    lane       integer NOT NULL,
    account_id text    NOT NULL,
    digest     text    NOT NULL,
    run        uuid    NOT NULL, -- the rows of earlier runs go when a run has come to the end
    number     bigint  NOT NULL,
    stated     jsonb   NOT NULL, -- of some records: place, reading, thing, and what it shows
    PRIMARY KEY (lane, account_id, digest, run, number)
);

ALTER TABLE imports ADD COLUMN reread jsonb; -- the receipt of the last time that it was read anew
CREATE INDEX imports_of_file ON imports (lane, account_id, digest);

ALTER TABLE settlements ADD COLUMN released_by text[] NOT NULL DEFAULT '{}'; -- what said that it was let go of
-- Rows of older releases do not know these, so they are null there, and not 0.
ALTER TABLE settlements ADD COLUMN absorbed bigint; -- what commands had recorded of the same money
ALTER TABLE settlements ADD COLUMN settled bigint; -- what of it was taken from the available, since commands had settled it
ALTER TABLE settlements ADD COLUMN short bigint; -- what was let go of, and was not there any more
ALTER TABLE statements ADD COLUMN moved_pending bigint; -- what the statement has moved so far
ALTER TABLE statements ADD COLUMN moved_available bigint;
