-- The read set of a batch, in one snapshot: the head, and rows as JSON. Only tables in the read set have a part in the
-- statement: `read_state/<table>.sql`, whose parameters are JSON arrays that name rows. The rows are looked up one by
-- one: the LIMIT stops the planner from joining them the other way round, which it would choose while a table is still
-- empty, and would not change while the table grows.
--   1 lane   2 account ids
SELECT h.position, h.term, h.digest, instant(h.recorded_at) AS recorded_at,
       (SELECT json_agg(a) FROM accounts a WHERE a.lane = $1 AND a.account_id = ANY ($2::text[])) AS accounts,
       (SELECT json_agg(b) FROM bank_accounts b WHERE b.lane = $1 AND b.account_id = ANY ($2::text[])) AS bank_accounts,
       (SELECT json_agg(p) FROM providers p WHERE p.lane = $1 AND p.account_id = ANY ($2::text[])) AS providers,
       (SELECT json_agg(b) FROM balances b WHERE b.lane = $1 AND b.account_id = ANY ($2::text[])) AS balances,
       (SELECT json_agg(json_build_object('account_id', k.account_id, 'generation', k.generation,
                                          'wrapped', encode(k.wrapped, 'base64')))
          FROM account_keys k WHERE k.lane = $1 AND k.account_id = ANY ($2::text[])) AS account_keys
       /* parts */
  FROM lanes h
 WHERE h.lane = $1
