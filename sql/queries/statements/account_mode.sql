-- An account's mode; no row where it is not open.   1 lane   2 account id
SELECT mode FROM accounts WHERE lane = $1 AND account_id = $2
