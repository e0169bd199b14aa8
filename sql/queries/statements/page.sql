-- An account's statements, ordered by their first observation, newest first.
--   1 lane   2 account id   3 channel, or null   4 whether paid, or null   5 created after, or null
--   6 before the position, or null   7 limit   8 whether the ledger's own, or null   9 seller, or null
SELECT channel, seller, number, source, currency, content, findings, digest, reference, collects, first_position,
       position, instant(created_at) AS created_at, instant(updated_at) AS updated_at, paid,
       CASE WHEN source = 'ledger' THEN previous ELSE before_number END AS previous, before_closing AS previous_closing
  FROM statements
  LEFT JOIN LATERAL (
       SELECT b.number AS before_number, b.content ->> 'ClosingBalance' AS before_closing
         FROM statements b
        WHERE b.lane = $1 AND b.account_id = $2 AND b.channel = statements.channel AND b.seller = statements.seller
          AND b.currency = statements.currency AND b.number <> statements.number
          AND (coalesce(b.created_at, '-infinity'), b.number)
              < (coalesce(statements.created_at, '-infinity'), statements.number)
        ORDER BY coalesce(b.created_at, '-infinity') DESC, b.number DESC
        LIMIT 1
       ) before ON statements.source <> 'ledger'
 WHERE lane = $1 AND account_id = $2
   AND ($3::text IS NULL OR channel = $3)
   AND ($4::boolean IS NULL OR coalesce(paid, false) = $4)
   AND ($5::timestamptz IS NULL OR statements.created_at > $5)
   AND ($6::bigint IS NULL OR first_position < $6)
   AND ($8::boolean IS NULL OR (source = 'ledger') = $8)
   AND ($9::text IS NULL OR seller = $9)
 ORDER BY first_position DESC
 LIMIT $7
