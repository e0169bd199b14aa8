-- Waits for the lane's head and holds it until the transaction ends: whoever has it decides alone.
--   1 lane
SELECT position FROM lanes WHERE lane = $1 FOR UPDATE
