-- Empties an inline view of a lane, to be folded again.   1 lane
DELETE FROM {table} WHERE lane = $1
