-- Deletes a lane's due times, for a rebuild.   1 lane
DELETE FROM statements_due WHERE lane = $1
