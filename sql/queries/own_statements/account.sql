-- An account's version and settings.   1 lane   2 account id
SELECT version, settings FROM accounts WHERE lane = $1 AND account_id = $2
