-- Leases due deliveries of a lane: a few for each endpoint that is switched on, one for an endpoint that is failing.
-- Deliveries that another sender has leased are skipped.
--   1 lane   2 now   3 leased until   4 endpoints to skip   5 of each endpoint   6 limit
WITH due AS (
    SELECT d.account_id, d.endpoint_id, d.event_id
      FROM webhook_endpoints e
     CROSS JOIN LATERAL (
           SELECT q.account_id, q.endpoint_id, q.event_id, q.next_attempt_at, q.position
             FROM webhook_deliveries q
            WHERE q.lane = $1 AND q.account_id = e.account_id AND q.endpoint_id = e.endpoint_id
              AND q.status IN ('pending', 'sending') AND q.next_attempt_at <= $2 AND q.switched_on = e.switched_on
            ORDER BY q.next_attempt_at, q.position
            LIMIT CASE WHEN e.failures > 0 THEN 1 ELSE $5 END
              FOR UPDATE SKIP LOCKED) AS d
     WHERE e.lane = $1 AND e.enabled AND (e.not_before IS NULL OR e.not_before <= $2)
       AND e.endpoint_id <> ALL ($4::text[])
     ORDER BY d.next_attempt_at, d.position
     LIMIT $6
), leased AS (
    UPDATE webhook_deliveries w
       SET status = 'sending', attempts = w.attempts + 1, next_attempt_at = $3
      FROM due
     WHERE w.lane = $1 AND w.account_id = due.account_id AND w.endpoint_id = due.endpoint_id
       AND w.event_id = due.event_id
    RETURNING w.account_id, w.endpoint_id, w.event_id, w.position, w.type, w.attempts, w.retries
)
SELECT l.account_id, l.endpoint_id, l.event_id::text AS event_id, l.position, l.type, l.attempts, l.retries, e.lane, e.url, e.patterns,
       e.switched_on, e.mac, e.enabled_mac,
       v.envelope,
       (SELECT s.state FROM payout_states s
         WHERE s.lane = $1 AND s.account_id = l.account_id AND s.position = l.position
           AND s.payout_id = v.envelope::json -> 'data' ->> 'payoutId') AS state,
       (SELECT array_agg(s.secret ORDER BY s.created_at DESC, s.secret_id DESC) FROM webhook_endpoint_secrets s
         WHERE s.lane = $1 AND s.account_id = l.account_id AND s.endpoint_id = l.endpoint_id
           AND (s.expires_at IS NULL OR s.expires_at > $2)) AS secrets
  FROM leased l
  JOIN webhook_endpoints e ON e.lane = $1 AND e.account_id = l.account_id AND e.endpoint_id = l.endpoint_id
  JOIN events v ON v.lane = $1 AND v.position = l.position
 ORDER BY l.position
