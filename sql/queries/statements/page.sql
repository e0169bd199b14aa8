-- An account's statements, ordered by their first observation, newest first.
--   1 lane   2 account id   3 channel, or null   4 whether paid, or null   5 created after, or null
--   6 before the position, or null   7 limit   8 whether the ledger's own, or null
SELECT channel, seller, number, source, currency, content, findings, digest, reference, collects, first_position,
       position, instant(created_at) AS created_at, instant(updated_at) AS updated_at, paid, previous
  FROM statements
 WHERE lane = $1 AND account_id = $2
   AND ($3::text IS NULL OR channel = $3)
   AND ($4::boolean IS NULL OR coalesce(paid, false) = $4)
   AND ($5::timestamptz IS NULL OR statements.created_at > $5)
   AND ($6::bigint IS NULL OR first_position < $6)
   AND ($8::boolean IS NULL OR (source = 'ledger') = $8)
 ORDER BY first_position DESC
 LIMIT $7
