-- Matches by id.
(SELECT json_agg(m) FROM json_to_recordset(:matches::json) AS n(account_id text, match_id text)
          CROSS JOIN LATERAL (SELECT * FROM matches r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.match_id = n.match_id LIMIT 1) m)
       AS matches
