-- Continues an import that is not done, and takes it over from the run that had it. If another release began it, it
-- starts again from the beginning.
--   1 lane   2 account id   3 import id   4 run   5 reader   6 now
UPDATE imports
   SET run = $4, reader = $5, state = 'reading', error = NULL, updated_at = $6, ended_at = NULL,
       bytes = CASE WHEN reader = $5 THEN bytes ELSE 0 END,
       read = CASE WHEN reader = $5 THEN read ELSE 0 END,
       new = CASE WHEN reader = $5 THEN new ELSE 0 END,
       changed = CASE WHEN reader = $5 THEN changed ELSE 0 END,
       unchanged = CASE WHEN reader = $5 THEN unchanged ELSE 0 END,
       lines = CASE WHEN reader = $5 THEN lines ELSE 0 END,
       unreadable = CASE WHEN reader = $5 THEN unreadable ELSE 0 END,
       receipt = CASE WHEN reader = $5 THEN receipt END
 WHERE lane = $1 AND account_id = $2 AND import_id = $3 AND state <> 'done'
RETURNING read, new, changed, unchanged, lines, unreadable, receipt
