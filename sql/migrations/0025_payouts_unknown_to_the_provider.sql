-- How many times in a row the provider has not known a payout that it took in: one answer may be a slip of its own.
ALTER TABLE provider_work ADD COLUMN unknown_looks integer NOT NULL DEFAULT 0;
