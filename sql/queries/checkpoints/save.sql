-- Moves a projection's checkpoint.   1 lane   2 projection   3 position   4 now
UPDATE checkpoints SET position = $3, updated_at = $4 WHERE lane = $1 AND projection = $2
