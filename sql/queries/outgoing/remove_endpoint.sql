-- Removes an endpoint and its secrets. Its deliveries are not sent any more, and are deleted when they are old.
--   1 lane   2 account id   3 endpoint id
WITH secrets AS (
    DELETE FROM webhook_endpoint_secrets WHERE lane = $1 AND account_id = $2 AND endpoint_id = $3
)
DELETE FROM webhook_endpoints WHERE lane = $1 AND account_id = $2 AND endpoint_id = $3 RETURNING endpoint_id
