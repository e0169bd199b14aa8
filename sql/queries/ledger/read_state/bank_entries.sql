-- Bank entries by id, by content (all of one content), by one of their references (some of them), and those of matches.
(SELECT json_agg(e) FROM (SELECT f.* FROM json_to_recordset(:bank_entries::json) AS n(account_id text, entry_id text)
                  CROSS JOIN LATERAL (SELECT * FROM bank_entries r
                                       WHERE r.lane = $1 AND r.account_id = n.account_id AND r.entry_id = n.entry_id
                                       LIMIT 1) f
                UNION ALL
                SELECT f.* FROM json_to_recordset(:bank_contents::json) AS n(account_id text, content text)
                  CROSS JOIN LATERAL (SELECT * FROM bank_entries r
                                       WHERE r.lane = $1 AND r.account_id = n.account_id AND r.content = n.content
                                       OFFSET 0) f
                UNION ALL
                SELECT f.* FROM json_to_recordset(:bank_references::json) AS n(account_id text, reference text)
                  CROSS JOIN LATERAL ((SELECT * FROM bank_entries r
                                        WHERE r.lane = $1 AND r.account_id = n.account_id AND r.reference = n.reference
                                        ORDER BY r.position LIMIT 10)
                                      UNION ALL
                                      (SELECT * FROM bank_entries r
                                        WHERE r.lane = $1 AND r.account_id = n.account_id
                                          AND r."references" @> ARRAY[n.reference]
                                        ORDER BY r.position LIMIT 10)) f
                UNION ALL
                SELECT f.* FROM json_to_recordset(:matches::json) AS n(account_id text, match_id text)
                  CROSS JOIN LATERAL (SELECT r.entry_id FROM matches r
                                       WHERE r.lane = $1 AND r.account_id = n.account_id AND r.match_id = n.match_id
                                       LIMIT 1) m
                  CROSS JOIN LATERAL (SELECT * FROM bank_entries r
                                       WHERE r.lane = $1 AND r.account_id = n.account_id AND r.entry_id = m.entry_id
                                       LIMIT 1) f) e) AS bank_entries
