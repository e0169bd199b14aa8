-- What pgbench inserts into: no order, no chain, no views.
CREATE TABLE IF NOT EXISTS bench_rows (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account_id text, envelope text)
