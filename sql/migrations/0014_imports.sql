-- What was asked to be taken in, and how far that came: files that were sent, and marketplaces' APIs that were asked.
-- Nothing here decides about money: taking the same in again changes nothing.
CREATE TABLE imports (
    lane        integer     NOT NULL,
    account_id  text        NOT NULL,
    import_id   text COLLATE "C" NOT NULL, -- ours, or the sender's own
    mode        text        NOT NULL, -- of the key that asked
    channel     text        NOT NULL,
    wish        jsonb       NOT NULL, -- as it was asked for
    shop        jsonb       NOT NULL, -- as it is read: what the wish left open is as the channel stood then
    digest      text        NOT NULL, -- keyed, of the content
    reader      text        NOT NULL, -- the release that read it: another may count its records otherwise
    run         uuid        NOT NULL, -- who is at it: whoever begins again takes it over
    state       text        NOT NULL, -- reading, done or failed
    bytes       bigint      NOT NULL, -- read so far
    bytes_total bigint      NOT NULL,
    read        bigint      NOT NULL, -- records that are booked: going on begins behind them
    new         bigint      NOT NULL,
    changed     bigint      NOT NULL,
    unchanged   bigint      NOT NULL,
    lines       bigint      NOT NULL,
    unreadable  bigint      NOT NULL,
    error       jsonb,
    started_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    PRIMARY KEY (lane, account_id, import_id)
);
CREATE INDEX imports_newest ON imports (lane, account_id, started_at, import_id);

-- The records of an import that nobody could read, by their number in the file. The records are in deliveries.
CREATE TABLE import_problems (
    lane        integer NOT NULL,
    account_id  text    NOT NULL,
    import_id   text COLLATE "C" NOT NULL,
    number      bigint  NOT NULL,
    delivery_id uuid    NOT NULL,
    place       text    NOT NULL,
    reason      text    NOT NULL,
    PRIMARY KEY (lane, account_id, import_id, number)
);

-- How far each shop's API was asked. `resume` goes on behind the last page that was booked.
CREATE TABLE pulls (
    lane        integer     NOT NULL,
    account_id  text        NOT NULL,
    channel     text        NOT NULL,
    api         text        NOT NULL, -- Lazada has two
    shop        text        NOT NULL, -- the seller, or as the marketplace's credentials name the shop
    run         uuid        NOT NULL, -- who is at it: whoever begins again takes it over
    state       text        NOT NULL, -- pulling or done
    since       timestamptz NOT NULL, -- the stretch that is asked for, or was last
    until       timestamptz NOT NULL,
    resume      text,
    call        text,                 -- what the last page answered
    pages       bigint      NOT NULL, -- of this stretch
    whole_since timestamptz,          -- what was asked for from end to end, without a gap
    whole_until timestamptz,
    started_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    PRIMARY KEY (lane, account_id, channel, api, shop)
);

-- Most statements have no deposit, and each that is taken in looks for the two newest that have one: without this it
-- would look through all that came before it.
CREATE INDEX statements_with_deposit ON statements
    (lane, account_id, channel, seller, currency, coalesce(created_at, '-infinity'), number)
    WHERE deposit IS NOT NULL;
