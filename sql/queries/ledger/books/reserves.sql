-- Reserves by id.
(SELECT json_agg(json_build_object(
                   'account_id', r.account_id, 'reserve_id', r.reserve_id, 'currency', r.currency,
                   'amount', r.amount, 'remaining', r.remaining, 'reason', r.reason, 'until', instant(r.until),
                   'held_at', instant(r.held_at)))
          FROM json_to_recordset(:reserves::json) AS n(account_id text, reserve_id text)
          CROSS JOIN LATERAL (SELECT * FROM reserves r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.reserve_id = n.reserve_id LIMIT 1) r) AS reserves
