-- A lane's events in order. `position > n` is enough for a reader: positions become visible in order and without holes.
--   1 lane   2 after position   3 limit
SELECT position, envelope, digest FROM events WHERE lane = $1 AND position > $2 ORDER BY position LIMIT $3
