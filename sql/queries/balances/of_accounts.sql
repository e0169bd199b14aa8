-- Balances of several accounts, each true at its lane's position.   1 account ids
SELECT a.account_id, a.mode, a.lane, h.position, a.version, a.currencies[1] AS first_currency,
       b.currency, b.pending, b.available, b.reserved, b.held, b.paid_out
  FROM unnest($1::text[]) AS n(account_id)
 CROSS JOIN LATERAL (SELECT * FROM account_lanes r WHERE r.account_id = n.account_id LIMIT 1) l
 CROSS JOIN LATERAL (SELECT * FROM lanes r WHERE r.lane = l.lane LIMIT 1) h
 CROSS JOIN LATERAL (SELECT * FROM accounts r WHERE r.lane = l.lane AND r.account_id = l.account_id LIMIT 1) a
 CROSS JOIN LATERAL (SELECT * FROM balances r WHERE r.lane = l.lane AND r.account_id = l.account_id OFFSET 0) b
