-- An account's access to the provider, and the keys that its secrets are sealed with.   1 lane   2 account id
SELECT a.lane, a.account_id, v.workspace_id, v.key_id, v.secret, v.base_url, v.mac,
       (SELECT json_agg(json_build_object('generation', k.generation, 'wrapped', encode(k.wrapped, 'base64')))
          FROM account_keys k WHERE k.lane = $1 AND k.account_id = $2)::text AS keys
  FROM accounts a
  LEFT JOIN providers v ON v.lane = a.lane AND v.account_id = a.account_id
 WHERE a.lane = $1 AND a.account_id = $2
