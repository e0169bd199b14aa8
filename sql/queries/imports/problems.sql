-- The records of an import that could not be read, in the order of the file.
--   1 lane   2 account id   3 import id   4 after the number   5 limit
SELECT number, delivery_id::text AS delivery_id, place, reason
  FROM import_problems
 WHERE lane = $1 AND account_id = $2 AND import_id = $3 AND number > $4
 ORDER BY number
 LIMIT $5
