-- Reserves by id.
(SELECT json_agg(r) FROM json_to_recordset(:reserves::json) AS n(account_id text, reserve_id text)
          CROSS JOIN LATERAL (SELECT * FROM reserves r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.reserve_id = n.reserve_id LIMIT 1) r) AS reserves
