-- The next offsets of a topic's partitions; fenced by `consumer_offsets_guard.sql`.
offsets_now AS (
    UPDATE consumer_offsets c
       SET next_offset = m.next_offset
      FROM head, json_to_recordset(:consumer_offsets::json)
           AS m(log text, topic text, partition integer, next_offset bigint)
     WHERE c.lane = head.lane AND c.log = m.log AND c.topic = m.topic AND c.partition = m.partition
)
