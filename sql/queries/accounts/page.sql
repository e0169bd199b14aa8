-- Accounts of a mode, ordered by id.   1 mode   2 after account id   3 limit   4 one account only, or null
SELECT lane, account_id, version, mode, backend, status, currencies, instant(opened_at) AS opened_at
  FROM accounts
 WHERE mode = $1 AND account_id > $2 AND ($4::text IS NULL OR account_id = $4)
 ORDER BY account_id
 LIMIT $3
