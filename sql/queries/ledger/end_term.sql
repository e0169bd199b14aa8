-- Moves a lane's term: an append that was sent earlier and has not taken effect by now never will.   1 lane
SELECT end_term($1)
