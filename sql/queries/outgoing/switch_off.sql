-- Switches off an endpoint that is on; a replay under way ends.   1 lane   2 account id   3 endpoint id   4 now
UPDATE webhook_endpoints SET enabled = false, enabled_mac = NULL, disabled_reason = NULL, replay_version = NULL, updated_at = $4
 WHERE lane = $1 AND account_id = $2 AND endpoint_id = $3 AND enabled
