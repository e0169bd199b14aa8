-- Waits for the lane's head and locks it until the transaction ends: only its holder may decide.
--   1 lane
SELECT position FROM lanes WHERE lane = $1 FOR UPDATE
