-- Locks a projection's checkpoint in a lane until the transaction ends; no row where another process has locked it.
--   1 lane   2 projection
SELECT position FROM checkpoints WHERE lane = $1 AND projection = $2 FOR UPDATE SKIP LOCKED
