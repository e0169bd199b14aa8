-- Locks a workspace's name, in all lanes, until the transaction ends; waits for another claim of it.
--   1 workspace id
SELECT pg_advisory_xact_lock(hashtextextended('payout-ledger workspace ' || $1::text, 0))
