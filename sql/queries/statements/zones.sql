-- The zones of an account's channels.   1 lane   2 account id
SELECT channel, zone FROM channels WHERE lane = $1 AND account_id = $2 AND zone IS NOT NULL
