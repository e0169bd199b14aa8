-- Records the progress of an import, and the records that could not be read; no row where another run has taken it
-- over.
--   1 lane   2 account id   3 import id   4 run   5 bytes   6 read   7 new   8 changed   9 unchanged   10 lines
--   11 unreadable   12 a JSON array of problems   13 now   14 receipt
WITH noted AS (
    UPDATE imports
       SET bytes = $5, read = $6, new = $7, changed = $8, unchanged = $9, lines = $10, unreadable = $11, updated_at = $13,
           receipt = $14
     WHERE lane = $1 AND account_id = $2 AND import_id = $3 AND run = $4
    RETURNING lane, account_id, import_id
), kept AS (
    INSERT INTO import_problems (lane, account_id, import_id, number, delivery_id, place, reason)
    SELECT noted.lane, noted.account_id, noted.import_id, r.number, r.delivery_id, r.place, r.reason
      FROM noted, json_to_recordset($12::json) AS r(number bigint, delivery_id uuid, place text, reason text)
    ON CONFLICT (lane, account_id, import_id, number) DO NOTHING
)
SELECT import_id FROM noted
