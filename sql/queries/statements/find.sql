-- An account's statements with a number, of all sources.
--   1 lane   2 account id   3 number   4 channel, or null
--   5 seller, or null   6 limit
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
 WHERE lane = $1 AND account_id = $2 AND number = $3 AND ($4::text IS NULL OR channel = $4)
   AND ($5::text IS NULL OR seller = $5)
 ORDER BY channel, seller
 LIMIT $6
