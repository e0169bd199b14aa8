-- Records that a page was booked; no row where another run has taken the pull over.
--   1 lane   2 account id   3 channel   4 api   5 shop   6 run   7 resume token   8 call   9 now
UPDATE pulls
   SET resume = $7, call = $8, pages = pages + 1, updated_at = $9
 WHERE lane = $1 AND account_id = $2 AND channel = $3 AND api = $4 AND shop = $5 AND run = $6
RETURNING pages
