-- Deletes deliveries that were queued before a time, a limited number at once; gives how many.
--   1 lane   2 before   3 limit
WITH old AS (
    SELECT account_id, endpoint_id, event_id FROM webhook_deliveries
     WHERE lane = $1 AND queued_at < $2 ORDER BY queued_at LIMIT $3 FOR UPDATE SKIP LOCKED
), attempts AS (
    DELETE FROM webhook_attempts a USING old
     WHERE a.lane = $1 AND a.account_id = old.account_id AND a.endpoint_id = old.endpoint_id
       AND a.event_id = old.event_id
), gone AS (
    DELETE FROM webhook_deliveries d USING old
     WHERE d.lane = $1 AND d.account_id = old.account_id AND d.endpoint_id = old.endpoint_id
       AND d.event_id = old.event_id
    RETURNING 1
)
SELECT count(*) FROM gone
