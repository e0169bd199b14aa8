-- An account with its lane's position, its bank account and its keys.   1 lane   2 account id
SELECT a.mode, a.backend, a.status, a.currencies, a.version, h.position,
       b.bank_code, b.bank_name, b.bank_account_number, b.bank_account_holder,
       (SELECT json_agg(json_build_object('generation', k.generation, 'wrapped', encode(k.wrapped, 'base64')))
          FROM account_keys k WHERE k.lane = $1 AND k.account_id = $2)::text AS keys
  FROM accounts a
  JOIN lanes h ON h.lane = a.lane
  LEFT JOIN bank_accounts b ON b.lane = a.lane AND b.account_id = a.account_id
 WHERE a.lane = $1 AND a.account_id = $2
