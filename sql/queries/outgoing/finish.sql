-- Ends an attempt, records it, and updates its endpoint; no row where another sender has leased the delivery since.
--   1 lane   2 account id   3 endpoint id   4 event id   5 attempt   6 status   7 next attempt at   8 began at
--   9 milliseconds   10 HTTP status or null   11 problem or null   12 now   13 no attempts before, or null
--   14 gone   15 failing since then is too long   16 fewest failures for that
WITH done AS (
    UPDATE webhook_deliveries
       SET status = $6, next_attempt_at = $7, retries = retries + 1,
           delivered_at = CASE WHEN $6 = 'delivered' THEN $12 ELSE delivered_at END
     WHERE lane = $1 AND account_id = $2 AND endpoint_id = $3 AND event_id = $4::text::uuid
       AND attempts = $5 AND status = 'sending'
    RETURNING endpoint_id
), noted AS (
    INSERT INTO webhook_attempts (lane, account_id, endpoint_id, event_id, attempt, began_at, milliseconds, http_status,
                                  problem)
    SELECT $1, $2, $3, $4::text::uuid, $5, $8, $9, $10, $11 FROM done
), told AS (
    UPDATE webhook_endpoints e
       SET failures = CASE WHEN $11 IS NULL THEN 0 ELSE e.failures + 1 END,
           failing_since = CASE WHEN $11 IS NOT NULL THEN coalesce(e.failing_since, $12) END,
           not_before = CASE WHEN $11 IS NOT NULL THEN $13::timestamptz END,
           enabled = e.enabled AND NOT $14 AND NOT (e.failing_since <= $15 AND e.failures + 1 >= $16
                                                    AND $11 IS NOT NULL) IS TRUE,
           enabled_mac = CASE WHEN NOT $14 AND NOT (e.failing_since <= $15 AND e.failures + 1 >= $16
                                                    AND $11 IS NOT NULL) IS TRUE THEN e.enabled_mac END,
           disabled_reason = CASE WHEN NOT e.enabled THEN e.disabled_reason
                                  WHEN $14 THEN 'gone'
                                  WHEN e.failing_since <= $15 AND e.failures + 1 >= $16 AND $11 IS NOT NULL
                                  THEN 'failing' END
      FROM done
     WHERE e.lane = $1 AND e.account_id = $2 AND e.endpoint_id = $3
       AND ($11 IS NOT NULL OR e.failures > 0)
    RETURNING e.enabled, e.disabled_reason
)
SELECT coalesce((SELECT enabled FROM told), true) AS enabled, (SELECT disabled_reason FROM told) AS disabled_reason
  FROM done
