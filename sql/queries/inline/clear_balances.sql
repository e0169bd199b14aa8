-- Empties a lane's balances, to fold them again.   1 lane
DELETE FROM balances WHERE lane = $1
