-- Moves a lane's term: an append that was sent earlier and has not taken effect by now never will.   1 lane
UPDATE lanes SET term = term + 1 WHERE lane = $1
