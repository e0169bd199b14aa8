-- Changes an endpoint.
--   1 lane   2 account id   3 endpoint id   4 URL   5 patterns   6 whether to set   7 the description   8 now   9 MAC
UPDATE webhook_endpoints
   SET url = $4, patterns = $5::text[], description = CASE WHEN $6 THEN $7 ELSE description END, updated_at = $8, mac = $9
 WHERE lane = $1 AND account_id = $2 AND endpoint_id = $3
