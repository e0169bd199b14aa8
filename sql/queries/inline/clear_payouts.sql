-- Empties a lane's payouts, to fold them again.   1 lane
DELETE FROM payouts WHERE lane = $1
