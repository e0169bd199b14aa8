-- Channels by name.
(SELECT json_agg(c) FROM json_to_recordset(:channels::json) AS n(account_id text, channel text)
          CROSS JOIN LATERAL (SELECT * FROM channels r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.channel = n.channel LIMIT 1) c) AS channels
