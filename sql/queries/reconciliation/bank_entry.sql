-- One bank entry.   1 lane   2 account id   3 entry id
SELECT entry_id, bank_account, currency, amount, booked_on, value_on, reference, "references", remittance, counterparty,
       reversal, source, findings, claimed, position
  FROM bank_entries
 WHERE lane = $1 AND account_id = $2 AND entry_id = $3
