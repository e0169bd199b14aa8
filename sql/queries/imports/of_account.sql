-- The imports of an account that came to their end, oldest first.
--   1 lane   2 account id   3 mode   4 channel, or null
SELECT import_id FROM imports
 WHERE lane = $1 AND account_id = $2 AND mode = $3 AND ($4::text IS NULL OR channel = $4) AND state = 'done'
 ORDER BY imports.started_at, import_id
