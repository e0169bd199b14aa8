-- Creates a lane's head before its first event; does nothing where it exists.   1 lane   2 now
SELECT begin_lane($1, $2)
