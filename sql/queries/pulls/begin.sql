-- Begins to pull a time window, or continues it, and takes it over from the run that had it.
--   1 lane   2 account id   3 channel   4 api   5 shop   6 run   7 since   8 until   9 resume token, or null
--   10 pages until now   11 now
INSERT INTO pulls (lane, account_id, channel, api, shop, run, state, since, until, resume, pages, started_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, 'pulling', $7, $8, $9, $10, $11, $11)
ON CONFLICT (lane, account_id, channel, api, shop) DO UPDATE
   SET run = excluded.run, state = excluded.state, since = excluded.since, until = excluded.until,
       resume = excluded.resume, call = NULL, pages = excluded.pages, started_at = excluded.started_at,
       updated_at = excluded.updated_at
