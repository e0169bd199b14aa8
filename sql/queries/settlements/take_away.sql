-- Deletes the totals that will be summed up again.   1 lane   2 keys, as JSON: account_id, channel, level, key
DELETE FROM settlement_totals t
 USING json_to_recordset($2::json) AS k(account_id text, channel text, level text, key text)
 WHERE t.lane = $1 AND t.account_id = k.account_id AND t.channel = k.channel AND t.level = k.level AND t.key = k.key
