-- Lets an endpoint's secrets expire later, as a new one is about to replace them; more than a few expire now.
--   1 lane   2 account id   3 endpoint id   4 now   5 until   6 how many stay valid until then
UPDATE webhook_endpoint_secrets s
   SET expires_at = CASE WHEN r.rank <= $6 THEN least(s.expires_at, $5) ELSE $4 END
  FROM (SELECT secret_id, row_number() OVER (ORDER BY created_at DESC, secret_id DESC) AS rank
          FROM webhook_endpoint_secrets WHERE lane = $1 AND account_id = $2 AND endpoint_id = $3) AS r
 WHERE s.lane = $1 AND s.account_id = $2 AND s.endpoint_id = $3 AND s.secret_id = r.secret_id
