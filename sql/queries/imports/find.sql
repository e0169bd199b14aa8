-- An import.   1 lane   2 account id   3 import id   4 mode of the caller
SELECT import_id, channel, wish, shop, digest, reader, state, bytes, bytes_total, read, new, changed, unchanged, lines,
       unreadable, receipt, reread, error, instant(started_at) AS started_at, instant(updated_at) AS updated_at,
       instant(ended_at) AS ended_at
  FROM imports
 WHERE lane = $1 AND account_id = $2 AND import_id = $3 AND mode = $4
