-- Deletes what earlier runs kept of a file: one has come to its end.   1 lane   2 account id   3 digest   4 run
DELETE FROM import_readings WHERE lane = $1 AND account_id = $2 AND digest = $3 AND run <> $4
