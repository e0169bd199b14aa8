-- What the records of a file stated, the latest run last.   1 lane   2 account id   3 digest
SELECT stated FROM import_readings WHERE lane = $1 AND account_id = $2 AND digest = $3 ORDER BY run, number
