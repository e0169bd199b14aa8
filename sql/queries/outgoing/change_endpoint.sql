-- Changes the given fields of an endpoint.
--   1 lane   2 account id   3 endpoint id   4 URL or null   5 patterns or null   6 whether to set   7 the description
--   8 now
UPDATE webhook_endpoints
   SET url = coalesce($4, url), patterns = coalesce($5::text[], patterns),
       description = CASE WHEN $6 THEN $7 ELSE description END, updated_at = $8
 WHERE lane = $1 AND account_id = $2 AND endpoint_id = $3
