-- How many parked deliveries wait for a person: a count in an index that has nothing else in it.   1 lanes
SELECT count(*) FROM parked_deliveries WHERE lane = ANY ($1::integer[]) AND ended_at IS NULL
