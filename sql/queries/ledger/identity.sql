-- The ledger's id, and the decimals of its currencies; no row before it has begun.
SELECT ledger_id::text AS ledger_id, exponents::text AS exponents FROM ledger
