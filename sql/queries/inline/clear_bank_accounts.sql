-- Empties a lane's bank accounts, to fold them again.   1 lane
DELETE FROM bank_accounts WHERE lane = $1
