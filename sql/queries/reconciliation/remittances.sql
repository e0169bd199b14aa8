-- The references of some bank entries, and the bank's text, sealed.   1 lane   2 account id   3 entry ids
SELECT entry_id, reference, "references", remittance
  FROM bank_entries
 WHERE lane = $1 AND account_id = $2 AND entry_id = ANY ($3)
