-- The webhook endpoints that are switched on, with what says so.
SELECT lane, account_id, endpoint_id, switched_on, enabled_mac FROM webhook_endpoints
 WHERE enabled ORDER BY lane, account_id, endpoint_id
