-- What a service has to know of its server: whether it takes writes, and its clock.
SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off' AS writes, clock_timestamp() AS now
