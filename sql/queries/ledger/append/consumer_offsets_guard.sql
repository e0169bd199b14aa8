-- No partition of the topic has been assigned to another consumer since.
NOT EXISTS (
    SELECT FROM json_to_recordset(:consumer_offsets::json) AS m(log text, topic text, partition integer, epoch bigint)
     WHERE NOT EXISTS (SELECT FROM consumer_offsets c
                        WHERE c.lane = $1 AND c.log = m.log AND c.topic = m.topic
                          AND c.partition = m.partition AND c.epoch = m.epoch))
