-- One case.   1 lanes   2 modes of accounts   3 account id, or null   4 case id
SELECT c.lane, c.account_id, c.case_id, to_json(c) AS "case", a.mode
  FROM cases c
  JOIN accounts a ON a.lane = c.lane AND a.account_id = c.account_id
 WHERE c.lane = ANY ($1::integer[]) AND a.mode = ANY ($2::text[]) AND ($3::text IS NULL OR c.account_id = $3)
   AND c.case_id = $4
 ORDER BY c.closed_at NULLS FIRST, c.lane
 LIMIT 1
