-- The state of one channel of an account.   1 lane   2 account id   3 channel
SELECT collects, seller, currency, zone, columns, types FROM channels WHERE lane = $1 AND account_id = $2 AND channel = $3
