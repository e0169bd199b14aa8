-- Empties a lane's matches, to fold them again.   1 lane
DELETE FROM matches WHERE lane = $1
