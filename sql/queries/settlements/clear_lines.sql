-- Deletes a lane's settlement lines, for a rebuild.   1 lane
DELETE FROM settlement_lines WHERE lane = $1
