-- An account's endpoints, oldest first.   1 lane   2 account id   3 one endpoint only, or null
SELECT lane, account_id, endpoint_id, mac, switched_on, enabled_mac, url, patterns, description, enabled, disabled_reason, after_position, failures,
       instant(failing_since) AS failing_since, replay_from, replay_to, replay_version IS NOT NULL AS replaying,
       instant(created_at) AS created_at, instant(updated_at) AS updated_at
  FROM webhook_endpoints e
 WHERE e.lane = $1 AND e.account_id = $2 AND ($3::text IS NULL OR e.endpoint_id = $3)
 ORDER BY e.created_at, e.endpoint_id
