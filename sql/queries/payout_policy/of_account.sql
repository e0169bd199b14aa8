-- An account's payout policies, and its available balance, at its lane's position.   1 lane   2 account id
SELECT a.mode, a.backend, a.status, a.currencies, a.settings::text AS settings, h.position,
       (SELECT json_object_agg(b.currency, b.available)
          FROM balances b WHERE b.lane = $1 AND b.account_id = $2)::text AS available
  FROM accounts a
  JOIN lanes h ON h.lane = a.lane
 WHERE a.lane = $1 AND a.account_id = $2
