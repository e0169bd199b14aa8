-- Empties a lane's provider events, to fold them again.   1 lane
DELETE FROM provider_events WHERE lane = $1
