-- Adds an endpoint that is switched off; no row where the account has the maximum already.
--   1 lane   2 account id   3 endpoint id   4 URL   5 patterns   6 description or null   7 now   8 most   9 MAC
INSERT INTO webhook_endpoints (lane, account_id, endpoint_id, url, patterns, description, created_at, updated_at, mac)
SELECT $1, $2, $3, $4, $5::text[], $6, $7, $7, $9
 WHERE (SELECT count(*) FROM webhook_endpoints WHERE lane = $1 AND account_id = $2) < $8
RETURNING endpoint_id
