-- Creates the ledger's identity, once.   1 ledger id   2 exponents (JSON)   3 now
INSERT INTO ledger (ledger_id, exponents, created_at) VALUES ($1, $2::json, $3) ON CONFLICT DO NOTHING
