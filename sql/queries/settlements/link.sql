-- Stores what payments say that they pay.   1 lane   2 links, as JSON: account_id, channel, paid_by, reference
INSERT INTO settlement_links (lane, account_id, channel, paid_by, reference)
SELECT $1, r.account_id, r.channel, r.paid_by, r.reference
  FROM json_to_recordset($2::json) AS r(account_id text, channel text, paid_by text, reference text)
ON CONFLICT DO NOTHING
