-- Waits for the lane's head and locks it until the transaction ends: only its holder may decide.   1 lane
SELECT lock_lane($1)
