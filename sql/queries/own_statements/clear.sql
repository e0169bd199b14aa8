-- Forgets when a lane's accounts have to be looked at, to find it again.   1 lane
DELETE FROM statements_due WHERE lane = $1
