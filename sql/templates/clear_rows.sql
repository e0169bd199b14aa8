-- Deletes an inline view of a lane, for a rebuild.   1 lane
DELETE FROM {table} WHERE lane = $1
