-- Orders by their references, and those of disputes and settlements.
(SELECT json_agg(o) FROM (SELECT * FROM json_to_recordset(:orders::json) AS n(account_id text, currency text, reference text)
                 UNION
                SELECT n.account_id, d.currency, d.reference
                  FROM json_to_recordset(:disputes::json) AS n(account_id text, dispute_id text)
                 CROSS JOIN LATERAL (SELECT * FROM disputes r
                                      WHERE r.lane = $1 AND r.account_id = n.account_id
                                        AND r.dispute_id = n.dispute_id LIMIT 1) d
                 UNION
                SELECT n.account_id, s.currency, s.counts_for
                  FROM json_to_recordset(:settlements::json)
                       AS n(account_id text, channel text, seller text, reference text)
                 CROSS JOIN LATERAL (SELECT * FROM settlements r
                                      WHERE r.lane = $1 AND r.account_id = n.account_id AND r.channel = n.channel
                                        AND r.seller = n.seller AND r.reference = n.reference LIMIT 1) s) n
          CROSS JOIN LATERAL (SELECT * FROM orders r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.currency = n.currency
                                 AND r.reference = n.reference LIMIT 1) o) AS orders
