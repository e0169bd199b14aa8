-- Waits until nobody else in any lane is about to claim a workspace, and keeps them waiting until the transaction ends.
--   1 workspace id
SELECT pg_advisory_xact_lock(hashtextextended('payout-ledger workspace ' || $1::text, 0))
