-- Empties a lane's reserves, to fold them again.   1 lane
DELETE FROM reserves WHERE lane = $1
