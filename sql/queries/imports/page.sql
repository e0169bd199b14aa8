-- An account's imports, newest first.
--   1 lane   2 account id   3 mode of the caller   4 state, or null   5 begun before, or null
--   6 and before the import id
--   7 limit
SELECT import_id, channel, wish, shop, digest, reader, state, bytes, bytes_total, read, new, changed, unchanged, lines,
       unreadable, receipt, reread, error, instant(started_at) AS started_at, instant(updated_at) AS updated_at,
       instant(ended_at) AS ended_at
  FROM imports
 WHERE lane = $1 AND account_id = $2 AND mode = $3
   AND ($4::text IS NULL OR state = $4)
   AND ($5::timestamptz IS NULL OR (imports.started_at, import_id) < ($5, $6::text))
 ORDER BY imports.started_at DESC, import_id DESC
 LIMIT $7
