-- An account's balance in one currency.   1 lane   2 account id   3 currency
SELECT pending, available, reserved, held, paid_out
  FROM balances WHERE lane = $1 AND account_id = $2 AND currency = $3
