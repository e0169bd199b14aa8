-- What marketplaces' records say of orders, items and payments: booked once by reference, and read at three levels.
ALTER TABLE orders ADD COLUMN told bigint NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN told_by text;
ALTER TABLE channels ADD COLUMN paid_out jsonb NOT NULL DEFAULT '{}'; -- by currency, by paying orders

-- Inline: money that a channel tells of under one reference.
CREATE TABLE settlements (
    lane       integer NOT NULL,
    account_id text    NOT NULL,
    channel    text    NOT NULL,
    seller     text    NOT NULL, -- empty where nobody named one
    reference  text COLLATE "C" NOT NULL,
    currency   text    NOT NULL,
    counts_for text    NOT NULL, -- the order that its money counts for
    collects   text    NOT NULL,
    sources    jsonb   NOT NULL, -- each source's latest word: the digest of its lines
    position   bigint  NOT NULL,
    booked     bigint,           -- null while records only explain it
    released   boolean NOT NULL,
    PRIMARY KEY (lane, account_id, channel, seller, reference)
);

-- Trailing: every source's latest record, line by line.
CREATE TABLE settlement_lines (
    lane        integer NOT NULL,
    account_id  text    NOT NULL,
    channel     text    NOT NULL,
    seller      text    NOT NULL,
    reference   text COLLATE "C" NOT NULL,
    source      text    NOT NULL,
    line        integer NOT NULL,
    position    bigint  NOT NULL,
    totals      boolean NOT NULL, -- whether totals may be made of the record
    books       boolean NOT NULL, -- whether the record books
    counts      boolean NOT NULL, -- whether the record is the one of its reference that totals are made of
    level       text    NOT NULL,
    kind        text    NOT NULL,
    stage       text    NOT NULL,
    amount      numeric NOT NULL, -- major units; positive raises what the channel owes the seller
    text        text    NOT NULL, -- as the source writes it, with its own sign
    field       text    NOT NULL,
    currency    text    NOT NULL,
    depth       integer NOT NULL, -- 0 a total, 1 a part of it, 2 a part of a part
    part_of     text,
    statement   text COLLATE "C",
    invoice     text COLLATE "C",
    order_id    text COLLATE "C",
    item        text COLLATE "C",
    occurred_at timestamptz,
    PRIMARY KEY (lane, account_id, channel, seller, reference, source, line)
);
CREATE INDEX settlement_lines_of_order ON settlement_lines (lane, account_id, channel, order_id) WHERE order_id IS NOT NULL;
CREATE INDEX settlement_lines_of_statement ON settlement_lines (lane, account_id, channel, statement)
    WHERE statement IS NOT NULL;
CREATE INDEX settlement_lines_of_invoice ON settlement_lines (lane, account_id, invoice) WHERE invoice IS NOT NULL;
CREATE INDEX settlement_lines_of_withdrawals ON settlement_lines (lane, account_id, channel, occurred_at)
    WHERE kind = 'withdrawal';

-- Trailing: what those lines come to, for each statement, order and item that they name.
CREATE TABLE settlement_totals (
    lane        integer NOT NULL,
    account_id  text    NOT NULL,
    channel     text    NOT NULL,
    level       text    NOT NULL, -- global (a statement), order or item
    key         text COLLATE "C" NOT NULL,
    seller      text    NOT NULL,
    order_id    text COLLATE "C",
    item        text COLLATE "C",
    statement   text COLLATE "C",
    invoice     text COLLATE "C",
    currency    text    NOT NULL,
    payout      numeric,          -- null where the lines do not say
    derived     boolean NOT NULL, -- whether the payout is a sum of a finer level
    commission  numeric,
    fees        numeric,
    released    numeric,          -- what the channel's releases say that it let go of
    released_at timestamptz,
    stage       text    NOT NULL,
    source      text    NOT NULL, -- whose lines these are
    position    bigint  NOT NULL,
    PRIMARY KEY (lane, account_id, channel, level, key)
);
CREATE INDEX settlement_totals_released ON settlement_totals (lane, account_id, channel, level, released_at);
