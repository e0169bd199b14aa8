-- The streams of some accounts, in order.   1 lane   2 account ids
SELECT envelope FROM events WHERE lane = $1 AND account_id = ANY ($2::text[]) ORDER BY position
