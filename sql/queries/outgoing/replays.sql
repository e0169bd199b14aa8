-- Replays under way in a lane that no other process has locked; locked until the transaction ends.   1 lane   2 limit
SELECT account_id, endpoint_id, patterns, switched_on, replay_from, replay_to, replay_version FROM webhook_endpoints
 WHERE lane = $1 AND enabled AND replay_version IS NOT NULL
 ORDER BY updated_at LIMIT $2 FOR UPDATE SKIP LOCKED
