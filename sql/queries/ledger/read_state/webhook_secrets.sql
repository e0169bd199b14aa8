-- Webhook secrets by id.
(SELECT json_agg(s) FROM json_to_recordset(:secrets::json) AS n(account_id text, secret_id text)
          CROSS JOIN LATERAL (SELECT * FROM webhook_secrets r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.secret_id = n.secret_id LIMIT 1) s) AS webhook_secrets
