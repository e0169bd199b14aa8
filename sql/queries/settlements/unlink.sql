-- Deletes what some payments said that they pay, and gives the money's references.
--   1 lane   2 payments, as JSON: account_id, channel, reference
DELETE FROM settlement_links k
 USING json_to_recordset($2::json) AS r(account_id text, channel text, reference text)
 WHERE k.lane = $1 AND k.account_id = r.account_id AND k.channel = r.channel AND k.paid_by = r.reference
RETURNING k.account_id, k.channel, k.reference
