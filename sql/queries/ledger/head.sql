-- A lane's head.   1 lane
SELECT position, term, digest, instant(recorded_at) AS recorded_at FROM lanes WHERE lane = $1
