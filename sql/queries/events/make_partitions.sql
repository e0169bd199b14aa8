-- Creates the partitions ahead, as the schema's owner; gives how many.   1 positions to have room for
SELECT make_event_partitions((SELECT coalesce(max(position), 0) FROM lanes) + $1)
