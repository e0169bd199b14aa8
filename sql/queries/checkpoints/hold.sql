-- Waits for a projection's checkpoint in a lane, and locks it until the transaction ends.   1 lane   2 projection
SELECT position FROM checkpoints WHERE lane = $1 AND projection = $2 FOR UPDATE
