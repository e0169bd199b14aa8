-- Empties a lane's settlement lines, to make them again.   1 lane
DELETE FROM settlement_lines WHERE lane = $1
