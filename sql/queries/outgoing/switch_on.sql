-- Switches on an endpoint: it gets the events after a position.
--   1 lane   2 account id   3 endpoint id   4 after position   5 now   6 how many times it was
--   switched on with this one   7 MAC of that
UPDATE webhook_endpoints
   SET enabled = true, disabled_reason = NULL, switched_on = $6, enabled_mac = $7, after_position = $4, failures = 0,
       failing_since = NULL, not_before = NULL, updated_at = $5
 WHERE lane = $1 AND account_id = $2 AND endpoint_id = $3
