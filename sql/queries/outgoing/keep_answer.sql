-- Stores an answer under a key; no row where one was stored meanwhile.
--   1 lane   2 account id   3 key   4 digest   5 status   6 sealed answer   7 key generation   8 now
INSERT INTO answers (lane, account_id, key, digest, status, answer, key_generation, position, recorded_at)
SELECT $1, $2, $3, $4, $5, $6, $7, h.position, $8 FROM lanes h WHERE h.lane = $1
ON CONFLICT DO NOTHING RETURNING key
