-- All statements of a number; and for its channel, seller and currency, the one before that time (or empty) and the two
-- newest with a deposit.
(SELECT json_agg(s) FROM json_to_recordset(:statements::json) AS n(account_id text, channel text, seller text, number text, currency text, created_at text)
          CROSS JOIN LATERAL (
               (SELECT * FROM statements r
                 WHERE r.lane = $1 AND r.account_id = n.account_id AND r.number = n.number LIMIT 100)
               UNION ALL
               (SELECT * FROM statements r
                 WHERE r.lane = $1 AND r.account_id = n.account_id AND r.channel = n.channel AND r.seller = n.seller
                   AND r.currency = n.currency AND r.number <> n.number
                   AND (coalesce(r.created_at, '-infinity'), r.number)
                       < (coalesce(nullif(n.created_at, '')::timestamptz, '-infinity'), n.number)
                 ORDER BY coalesce(r.created_at, '-infinity') DESC, r.number DESC LIMIT 1)
               UNION ALL
               (SELECT * FROM statements r
                 WHERE r.lane = $1 AND r.account_id = n.account_id AND r.channel = n.channel AND r.seller = n.seller
                   AND r.currency = n.currency AND r.deposit IS NOT NULL
                 ORDER BY coalesce(r.created_at, '-infinity') DESC, r.number DESC LIMIT 2)) s) AS statements
