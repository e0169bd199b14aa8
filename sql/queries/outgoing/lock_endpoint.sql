-- What an endpoint's MACs cover; locked until the transaction ends.   1 lane   2 account id   3 endpoint id
SELECT lane, account_id, endpoint_id, url, patterns, enabled, switched_on, mac, enabled_mac FROM webhook_endpoints
 WHERE lane = $1 AND account_id = $2 AND endpoint_id = $3
   FOR UPDATE
