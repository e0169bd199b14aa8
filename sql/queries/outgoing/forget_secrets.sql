-- Deletes the secrets of an endpoint that have expired.   1 lane   2 account id   3 endpoint id   4 now
DELETE FROM webhook_endpoint_secrets WHERE lane = $1 AND account_id = $2 AND endpoint_id = $3 AND expires_at <= $4
