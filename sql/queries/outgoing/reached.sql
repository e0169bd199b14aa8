-- The position of a checkpoint in a lane.   1 lane   2 its name
SELECT position FROM checkpoints WHERE lane = $1 AND projection = $2
