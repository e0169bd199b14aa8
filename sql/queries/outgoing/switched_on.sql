-- The endpoints of some accounts that are switched on.   1 lane   2 account ids
SELECT account_id, endpoint_id, patterns, after_position, switched_on FROM webhook_endpoints
 WHERE lane = $1 AND account_id = ANY ($2::text[]) AND enabled
