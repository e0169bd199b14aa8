-- Creates a lane's head before its first event; does nothing where it exists.   1 lane   2 digest   3 now
INSERT INTO lanes (lane, position, digest, recorded_at) VALUES ($1, 0, $2, $3) ON CONFLICT DO NOTHING
