-- Empties the journal of a lane, to make it again.   1 lane
DELETE FROM journal WHERE lane = $1
