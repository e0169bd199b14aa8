-- One account's events in the lane's order.   1 lane   2 after position   3 limit   4 account id
SELECT position, envelope, digest FROM events
 WHERE lane = $1 AND position > $2 AND account_id = $4 ORDER BY position LIMIT $3
