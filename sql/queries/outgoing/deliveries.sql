-- An endpoint's deliveries with their attempts, newest event first. A delivery that waits for an endpoint that was
-- switched off since is abandoned.
--   1 lane   2 account id   3 endpoint id   4 before position, or null   5 status, or null   6 limit
SELECT * FROM (
    SELECT d.event_id::text AS event_id, d.type, d.position,
           CASE WHEN d.status IN ('pending', 'sending') AND (d.switched_on <> e.switched_on OR NOT e.enabled)
                THEN 'abandoned' ELSE d.status END AS status,
           instant(d.queued_at) AS queued_at, instant(d.next_attempt_at) AS next_attempt_at,
           instant(d.delivered_at) AS delivered_at,
           (SELECT json_agg(json_build_object('attempt', a.attempt, 'at', instant(a.began_at),
                                              'milliseconds', a.milliseconds, 'status', a.http_status,
                                              'problem', a.problem) ORDER BY a.attempt)
              FROM webhook_attempts a
             WHERE a.lane = $1 AND a.account_id = $2 AND a.endpoint_id = $3 AND a.event_id = d.event_id)::text
           AS attempts
      FROM webhook_deliveries d
      JOIN webhook_endpoints e ON e.lane = $1 AND e.account_id = $2 AND e.endpoint_id = $3
     WHERE d.lane = $1 AND d.account_id = $2 AND d.endpoint_id = $3 AND ($4::bigint IS NULL OR d.position < $4)
) AS shown
 WHERE $5::text IS NULL OR status = $5
 ORDER BY position DESC
 LIMIT $6
