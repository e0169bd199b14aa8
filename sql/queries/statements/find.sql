-- An account's statements with a number, of all sources.
--   1 lane   2 account id   3 number   4 channel, or null
--   5 limit
SELECT channel, seller, number, source, currency, content, findings, digest, reference, collects, first_position,
       position, instant(created_at) AS created_at, instant(updated_at) AS updated_at, paid, previous
  FROM statements
 WHERE lane = $1 AND account_id = $2 AND number = $3 AND ($4::text IS NULL OR channel = $4)
 ORDER BY channel, seller
 LIMIT $5
