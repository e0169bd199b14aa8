-- Empties a lane's cases, to fold them again.   1 lane
DELETE FROM cases WHERE lane = $1
