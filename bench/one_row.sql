-- One row of an event's size.
INSERT INTO bench_rows (account_id, envelope) VALUES ('acc_1', repeat('x', 860))
