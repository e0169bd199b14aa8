-- Disputes by id.
(SELECT json_agg(d) FROM json_to_recordset(:disputes::json) AS n(account_id text, dispute_id text)
          CROSS JOIN LATERAL (SELECT * FROM disputes r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.dispute_id = n.dispute_id LIMIT 1) d) AS disputes
