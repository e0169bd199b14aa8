-- Deletes a lane's settlement totals, for a rebuild.   1 lane
DELETE FROM settlement_totals WHERE lane = $1
