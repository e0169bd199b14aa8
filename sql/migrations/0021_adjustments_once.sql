-- An order's adjustments are money of their own beside what it is worth, whichever sources tell of them. What each source
-- said of each is kept with the order. Orders of older releases have theirs in `booked`, or under references of their own.
ALTER TABLE settlements ADD COLUMN adjustments jsonb NOT NULL DEFAULT '{}';
ALTER TABLE settlements ADD COLUMN adjusted bigint NOT NULL DEFAULT 0; -- what they come to
