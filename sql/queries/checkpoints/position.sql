-- The position of a projection's checkpoint in a lane.   1 lane   2 projection
SELECT position FROM checkpoints WHERE lane = $1 AND projection = $2
