-- What banks say came and went, and what people said it is for. Decisions on matches are made on these. Columns marked
-- sealed hold ciphertext; amounts are minor units.
CREATE TABLE bank_entries (
    lane         integer NOT NULL,
    account_id   text    NOT NULL,
    entry_id     text    NOT NULL,
    position     bigint  NOT NULL,
    bank_account text    NOT NULL, -- keyed digest of the number
    currency     text    NOT NULL,
    amount       bigint  NOT NULL, -- signed: what came is positive
    booked_on    date    NOT NULL,
    value_on     date,
    reference    text,             -- the bank's own, for the entry
    "references" text[]  NOT NULL, -- others that it names
    remittance   text,             -- sealed
    counterparty text,             -- sealed
    reversal     boolean NOT NULL,
    source       text    NOT NULL,
    findings     jsonb   NOT NULL,
    digest       text    NOT NULL, -- keyed, of the record
    claimed      bigint  NOT NULL, -- of the amount without its sign, by the matches that stand
    PRIMARY KEY (lane, account_id, entry_id)
);
CREATE INDEX bank_entries_in_turn ON bank_entries (lane, account_id, position);
CREATE INDEX bank_entries_unclaimed ON bank_entries (lane, account_id, currency, booked_on)
    WHERE claimed < abs(amount);

CREATE TABLE bank_statements (
    lane                integer NOT NULL,
    account_id          text    NOT NULL,
    bank_account        text    NOT NULL,
    number              text COLLATE "C" NOT NULL,
    bank_account_number text    NOT NULL, -- sealed
    currency            text    NOT NULL,
    from_on             date,
    to_on               date,
    opening             bigint,
    closing             bigint,
    moved               bigint  NOT NULL, -- what its entries add up to
    entries_count       integer NOT NULL,
    source              text    NOT NULL,
    findings            jsonb   NOT NULL,
    first_position      bigint  NOT NULL,
    position            bigint  NOT NULL,
    PRIMARY KEY (lane, account_id, bank_account, number)
);

CREATE TABLE matches (
    lane          integer     NOT NULL,
    account_id    text        NOT NULL,
    match_id      text        NOT NULL,
    position      bigint      NOT NULL,
    entry_id      text        NOT NULL,
    currency      text        NOT NULL,
    targets       jsonb       NOT NULL,
    reason        text        NOT NULL,
    made_by       text        NOT NULL,
    made_at       timestamptz NOT NULL,
    unmade_at     timestamptz,
    unmade_by     text,
    unmade_reason text,
    PRIMARY KEY (lane, account_id, match_id)
);
CREATE INDEX matches_of_entry ON matches (lane, account_id, entry_id);
CREATE INDEX matches_of_target ON matches USING gin (targets jsonb_path_ops) WHERE unmade_at IS NULL;
