-- Empties a lane's channels, to fold them again.   1 lane
DELETE FROM channels WHERE lane = $1
