-- Empties a lane's disputes, to fold them again.   1 lane
DELETE FROM disputes WHERE lane = $1
