-- Whether the states of an account's payouts are stored: one of its endpoints was switched on.   1 lane   2 account id
SELECT EXISTS (SELECT FROM webhook_endpoints WHERE lane = $1 AND account_id = $2 AND switched_on > 0)
