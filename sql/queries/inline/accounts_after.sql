-- The accounts that have events in a lane, in order of their id.   1 lane   2 after account id   3 limit
SELECT account_id FROM (SELECT account_id FROM account_lanes WHERE lane = $1 UNION SELECT 'system') AS known
 WHERE account_id > $2 ORDER BY account_id LIMIT $3
