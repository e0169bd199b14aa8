-- Empties a lane's accounts, to fold them again.   1 lane
DELETE FROM accounts WHERE lane = $1
