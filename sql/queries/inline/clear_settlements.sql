-- Empties a lane's settlements, to fold them again.   1 lane
DELETE FROM settlements WHERE lane = $1
