-- Sets the progress of a replay; null ends it.   1 lane   2 account id   3 endpoint id   4 version or null
UPDATE webhook_endpoints SET replay_version = $4 WHERE lane = $1 AND account_id = $2 AND endpoint_id = $3
