-- Ends an import; no row where another run has taken it over.
--   1 lane   2 account id   3 import id   4 run   5 state   6 error, or null   7 now
UPDATE imports
   SET state = $5, error = $6, updated_at = $7, ended_at = $7
 WHERE lane = $1 AND account_id = $2 AND import_id = $3 AND run = $4
RETURNING import_id
