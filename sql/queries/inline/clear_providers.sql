-- Empties a lane's providers, to fold them again.   1 lane
DELETE FROM providers WHERE lane = $1
