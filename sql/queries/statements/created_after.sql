-- Statements of some channels that were created after a time, in their order.
--   1 lane   2 account id   3 channels   4 after   5 mode of the account
SELECT s.currency, s.content, s.paid
  FROM statements s
  JOIN accounts a ON a.lane = s.lane AND a.account_id = s.account_id AND a.mode = $5
 WHERE s.lane = $1 AND s.account_id = $2 AND s.channel = ANY ($3::text[]) AND s.created_at > $4
 ORDER BY s.created_at, s.number
