-- An account's bank entries, in the order of their first import.
--   1 lane   2 account id   3 currency, or null   4 whether only those with money that no match claims
--   5 after the position   6 limit
SELECT entry_id, position AS place, currency, amount, booked_on, reference, "references", remittance, findings, claimed
  FROM bank_entries
 WHERE lane = $1 AND account_id = $2
   AND ($3::text IS NULL OR currency = $3)
   AND (NOT $4 OR claimed < abs(amount))
   AND position > $5
 ORDER BY position
 LIMIT $6
