-- Orders by their references, and those that named disputes are about.
(SELECT json_agg(json_build_object(
                   'account_id', o.account_id, 'currency', o.currency, 'reference', o.reference,
                   'recorded', o.recorded, 'pending', o.pending, 'refunded', o.refunded, 'channel', o.channel,
                   'expected_at', instant(o.expected_at), 'told', o.told, 'told_by', o.told_by,
                   'disputed', o.disputed))
          FROM (SELECT * FROM json_to_recordset(:orders::json) AS n(account_id text, currency text, reference text)
                 UNION ALL
                SELECT n.account_id, d.currency, d.reference
                  FROM json_to_recordset(:disputes::json) AS n(account_id text, dispute_id text)
                 CROSS JOIN LATERAL (SELECT * FROM disputes r
                                      WHERE r.lane = $1 AND r.account_id = n.account_id
                                        AND r.dispute_id = n.dispute_id LIMIT 1) d) n
          CROSS JOIN LATERAL (SELECT * FROM orders r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.currency = n.currency
                                 AND r.reference = n.reference LIMIT 1) o) AS orders
