-- Deletes the journal of a lane, for a rebuild.   1 lane
DELETE FROM journal WHERE lane = $1
