-- Creates a projection's checkpoint if there is none.   1 lane   2 projection   3 now
INSERT INTO checkpoints (lane, projection, position, updated_at) VALUES ($1, $2, 0, $3) ON CONFLICT DO NOTHING
