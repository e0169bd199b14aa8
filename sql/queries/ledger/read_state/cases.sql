-- Cases by id, by the provider's id of their payout, and by their payout.
(SELECT json_agg(c) FROM (SELECT f.* FROM json_to_recordset(:cases::json) AS n(account_id text, case_id text)
                  CROSS JOIN LATERAL (SELECT * FROM cases r WHERE r.lane = $1 AND r.account_id = n.account_id
                                                              AND r.case_id = n.case_id LIMIT 1) f
                UNION ALL
                SELECT f.* FROM json_to_recordset(:provider_payouts::json) AS n(account_id text, provider_payout_id text)
                  CROSS JOIN LATERAL (SELECT * FROM cases r
                                       WHERE r.lane = $1 AND r.account_id = n.account_id
                                         AND r.provider_payout_id = n.provider_payout_id LIMIT 20) f
                UNION ALL
                SELECT f.* FROM json_to_recordset(:payouts::json) AS n(account_id text, payout_id text)
                  CROSS JOIN LATERAL (SELECT * FROM cases r WHERE r.lane = $1 AND r.account_id = n.account_id
                                                              AND r.payout_id = n.payout_id LIMIT 20) f
                UNION ALL
                SELECT f.* FROM json_to_recordset(:provider_payouts::json) AS n(account_id text, provider_payout_id text)
                  CROSS JOIN LATERAL (SELECT r.payout_id FROM payouts r
                                       WHERE r.lane = $1 AND r.provider_payout_id = n.provider_payout_id
                                         AND r.account_id = n.account_id LIMIT 1) p
                  CROSS JOIN LATERAL (SELECT * FROM cases r WHERE r.lane = $1 AND r.account_id = n.account_id
                                                              AND r.payout_id = p.payout_id LIMIT 20) f) c) AS cases
