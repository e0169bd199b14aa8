-- Cases, ordered by when the ledger opened them, newest first.
--   1 lanes   2 modes of accounts   3 account id, or null   4 open or closed, or null   5 kind, or null
--   after the case with   6 this time of recording, or null   7 lane   8 position   9 limit
SELECT f.lane, f.account_id, f.case_id, to_json(f) AS "case", instant(f.recorded_at) AS recorded_at
  FROM unnest($1::integer[]) AS n(lane)
 CROSS JOIN LATERAL (SELECT c.*, e.recorded_at
                       FROM cases c
                       JOIN accounts a ON a.lane = c.lane AND a.account_id = c.account_id
                       JOIN events e ON e.lane = c.lane AND e.position = c.position
                      WHERE c.lane = n.lane AND a.mode = ANY ($2::text[])
                        AND ($3::text IS NULL OR c.account_id = $3)
                        AND ($4::text IS NULL OR ($4 = 'open') = (c.closed_at IS NULL))
                        AND ($5::text IS NULL OR c.kind = $5)
                        AND ($6::timestamptz IS NULL OR e.recorded_at < $6
                             OR (e.recorded_at = $6
                                 AND (c.lane > $7::integer OR (c.lane = $7 AND c.position < $8::bigint))))
                      ORDER BY c.position DESC LIMIT $9) f
 ORDER BY f.recorded_at DESC, f.lane, f.position DESC
 LIMIT $9
