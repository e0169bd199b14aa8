-- The head, and the answers stored under some idempotency keys, in one snapshot: all that a writer with a state cache
-- has to read.
--   1 lane   2, 3 answers: account, idempotency key
SELECT h.position, h.term, h.digest, instant(h.recorded_at) AS recorded_at,
       (SELECT json_agg(json_build_object(
                   'account_id', i.account_id, 'key', i.key, 'digest', i.digest, 'status', i.status,
                   'answer', encode(i.answer, 'base64'), 'key_generation', i.key_generation, 'position', i.position))
          FROM unnest($2::text[], $3::text[]) AS n(account_id, key)
          CROSS JOIN LATERAL (SELECT * FROM answers r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.key = n.key LIMIT 1) i) AS answers
  FROM lanes h
 WHERE h.lane = $1
