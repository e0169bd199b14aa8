-- An account's next events, up to a position.   1 lane   2 account id   3 after version   4 up to position   5 limit
SELECT envelope FROM events WHERE lane = $1 AND account_id = $2 AND version > $3 AND position <= $4
 ORDER BY version LIMIT $5
