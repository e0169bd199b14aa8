-- Deletes what a lane's payments say that they pay, for a rebuild.   1 lane
DELETE FROM settlement_links WHERE lane = $1
