-- Answers stored under these keys.
(SELECT json_agg(json_build_object(
                   'account_id', i.account_id, 'key', i.key, 'digest', i.digest, 'status', i.status,
                   'answer', encode(i.answer, 'base64'), 'key_generation', i.key_generation, 'position', i.position))
          FROM json_to_recordset(:answers::json) AS n(account_id text, key text)
          CROSS JOIN LATERAL (SELECT * FROM answers r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.key = n.key LIMIT 1) i) AS answers
