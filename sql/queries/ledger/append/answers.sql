-- Answers stored under idempotency keys.
answers_now AS (
    INSERT INTO answers (lane, account_id, key, digest, status, answer, key_generation, position, recorded_at)
    SELECT head.lane, r.account_id, r.key, r.digest, r.status, decode(r.answer, 'base64'), r.key_generation, r.position,
           $4
      FROM head, json_to_recordset(:answers::json)
           AS r(account_id text, key text, digest text, status smallint, answer text, key_generation integer,
                position bigint)
)
