-- Forgets when a lane's accounts have to be looked at, to find it again.   1 lane
DELETE FROM statement_work WHERE lane = $1
