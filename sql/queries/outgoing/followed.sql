-- Whether an account's payouts are kept as they stand: some endpoint of it was switched on.   1 lane   2 account id
SELECT EXISTS (SELECT FROM webhook_endpoints WHERE lane = $1 AND account_id = $2 AND switched_on > 0)
