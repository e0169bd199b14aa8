-- Records that a time window was pulled to its end; no row where another run has taken it over.
--   1 lane   2 account id   3 channel   4 api   5 shop   6 run   7 whole since   8 whole until   9 now
UPDATE pulls
   SET state = 'done', resume = NULL, whole_since = $7, whole_until = $8, updated_at = $9
 WHERE lane = $1 AND account_id = $2 AND channel = $3 AND api = $4 AND shop = $5 AND run = $6
RETURNING pages
