-- A lane's events of some types, in order.
--   1 lane   2 after position   3 up to position   4 types   5 limit
SELECT position, envelope FROM events
 WHERE lane = $1 AND position > $2 AND position <= $3 AND type = ANY ($4)
 ORDER BY position
 LIMIT $5
