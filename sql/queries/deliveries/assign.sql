-- Takes over a partition: fences the consumer that had it, and gives the next offset of each lane.
--   1 lanes   2 log   3 topic   4 partition
INSERT INTO consumer_offsets (lane, log, topic, partition, next_offset, epoch)
SELECT lane, $2, $3, $4, 0, 1 FROM unnest($1::integer[]) AS n(lane)
ON CONFLICT (lane, log, topic, partition) DO UPDATE SET epoch = consumer_offsets.epoch + 1
RETURNING lane, next_offset, epoch
