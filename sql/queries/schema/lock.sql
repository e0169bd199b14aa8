-- Admits one migrator at a time in this database, until the session ends.   1 the lock's number
SELECT pg_advisory_lock($1)
