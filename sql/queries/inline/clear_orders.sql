-- Empties a lane's orders, to fold them again.   1 lane
DELETE FROM orders WHERE lane = $1
