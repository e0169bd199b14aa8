-- Empties a lane's bank statements, to fold them again.   1 lane
DELETE FROM bank_statements WHERE lane = $1
