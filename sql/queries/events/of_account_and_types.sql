-- An account's events of some types up to a position, in order.   1 lane   2 account id   3 types   4 position
SELECT envelope FROM events
 WHERE lane = $1 AND account_id = $2 AND type = ANY ($3::text[]) AND position <= $4
 ORDER BY position
