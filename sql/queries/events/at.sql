-- One event's digest.   1 lane   2 position
SELECT digest FROM events WHERE lane = $1 AND position = $2
