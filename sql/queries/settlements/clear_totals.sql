-- Empties a lane's settlement totals, to make them again.   1 lane
DELETE FROM settlement_totals WHERE lane = $1
