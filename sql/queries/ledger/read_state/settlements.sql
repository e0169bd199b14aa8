-- Settlements by channel, seller (or empty) and reference.
(SELECT json_agg(s) FROM json_to_recordset(:settlements::json)
               AS n(account_id text, channel text, seller text, reference text)
          CROSS JOIN LATERAL (SELECT * FROM settlements r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.channel = n.channel
                                 AND r.seller = n.seller AND r.reference = n.reference LIMIT 1) s) AS settlements
