-- Empties a lane's statements, to fold them again.   1 lane
DELETE FROM statements WHERE lane = $1
