-- Begins an import; no row where one with this id exists.
--   1 lane   2 account id   3 import id   4 mode   5 channel   6 request   7 shop   8 digest   9 reader   10 run
--   11 size in bytes   12 now
INSERT INTO imports (lane, account_id, import_id, mode, channel, wish, shop, digest, reader, run, state, bytes,
                     bytes_total, read, new, changed, unchanged, lines, unreadable, started_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'reading', 0, $11, 0, 0, 0, 0, 0, 0, $12, $12)
ON CONFLICT DO NOTHING
RETURNING import_id
