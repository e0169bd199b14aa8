-- An account's bank statements, in the order of their first import.
--   1 lane   2 account id   3 currency, or null   4 after the position   5 limit
SELECT number, currency, to_on, opening, closing, moved, findings, first_position AS place
  FROM bank_statements
 WHERE lane = $1 AND account_id = $2
   AND ($3::text IS NULL OR currency = $3)
   AND first_position > $4
 ORDER BY first_position
 LIMIT $5
