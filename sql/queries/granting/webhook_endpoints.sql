-- All accounts' webhook endpoints, with all that their MACs cover.
SELECT lane, account_id, endpoint_id, url, patterns, mac FROM webhook_endpoints ORDER BY lane, account_id, endpoint_id
