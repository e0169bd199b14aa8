-- Queues a delivery again at once, with all its retries; no row where it does not exist, is being sent, or its endpoint
-- is off.
--   1 lane   2 account id   3 endpoint id   4 event id   5 now
UPDATE webhook_deliveries d
   SET status = 'pending', retries = 0, next_attempt_at = $5, queued_at = $5, switched_on = e.switched_on
  FROM webhook_endpoints e
 WHERE d.lane = $1 AND d.account_id = $2 AND d.endpoint_id = $3 AND d.event_id = $4::text::uuid
   AND e.lane = $1 AND e.account_id = $2 AND e.endpoint_id = $3 AND e.enabled
   AND (d.status <> 'sending' OR d.next_attempt_at <= $5)
RETURNING d.event_id
