-- How far a follower of the log has come in a lane.   1 lane   2 its name
SELECT position FROM checkpoints WHERE lane = $1 AND projection = $2
