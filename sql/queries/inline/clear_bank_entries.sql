-- Empties a lane's bank entries, to fold them again.   1 lane
DELETE FROM bank_entries WHERE lane = $1
