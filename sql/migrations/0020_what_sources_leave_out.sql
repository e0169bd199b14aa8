-- What marketplaces' records leave out: the headings of a report and the meaning of types, which the seller says, and the
-- number of a statement where its charges name only its period.
ALTER TABLE channels ADD COLUMN columns text;
ALTER TABLE channels ADD COLUMN types text;

-- The last day of a period such as `11 May 2016 - 17 May 2016`; null for any other text.
CREATE FUNCTION statement_period_end(text) RETURNS date LANGUAGE sql IMMUTABLE RETURN
    CASE WHEN $1 ~ '^\d{1,2} [A-Z][a-z]{2,8} [12]\d{3} - [0-3]?\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* [12]\d{3}$'
         THEN make_date(split_part(split_part($1, ' - ', 2), ' ', 3)::integer,
                        (strpos('JanFebMarAprMayJunJulAugSepOctNovDec', left(split_part(split_part($1, ' - ', 2), ' ', 2), 3)) + 2) / 3,
                        1)
              + split_part(split_part($1, ' - ', 2), ' ', 1)::integer - 1
    END;
CREATE INDEX settlement_totals_of_period ON settlement_totals (lane, account_id, channel, statement_period_end(key))
    WHERE level = 'global' AND statement_period_end(key) IS NOT NULL;
