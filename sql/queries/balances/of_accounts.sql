-- Balances of several accounts, each true at its lane's position.   1 account ids
SELECT a.account_id, a.mode, a.lane, h.position, a.version, a.currencies[1] AS first_currency,
       b.currency, b.pending, b.available, b.reserved, b.held, b.paid_out
  FROM unnest($1::text[]) AS n(account_id)
  JOIN account_lanes l ON l.account_id = n.account_id
  JOIN lanes h ON h.lane = l.lane
  JOIN accounts a ON a.lane = l.lane AND a.account_id = l.account_id
  JOIN balances b ON b.lane = l.lane AND b.account_id = l.account_id
