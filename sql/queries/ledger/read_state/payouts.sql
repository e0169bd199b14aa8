-- Payouts by id, by the provider's id, by their case, and those of an amount that were submitted and have no provider
-- id yet.
(SELECT json_agg(p) FROM (SELECT f.* FROM json_to_recordset(:payouts::json) AS n(account_id text, payout_id text)
                  CROSS JOIN LATERAL (SELECT * FROM payouts r WHERE r.lane = $1 AND r.account_id = n.account_id
                                                                AND r.payout_id = n.payout_id LIMIT 1) f
                UNION ALL
                SELECT f.* FROM json_to_recordset(:provider_payouts::json) AS n(account_id text, provider_payout_id text)
                  CROSS JOIN LATERAL (SELECT * FROM payouts r
                                       WHERE r.lane = $1 AND r.provider_payout_id = n.provider_payout_id
                                         AND r.account_id = n.account_id LIMIT 1) f
                UNION ALL
                SELECT f.* FROM json_to_recordset(:cases::json) AS n(account_id text, case_id text)
                  CROSS JOIN LATERAL (SELECT r.payout_id FROM cases r WHERE r.lane = $1 AND r.account_id = n.account_id
                                                                        AND r.case_id = n.case_id LIMIT 1) c
                  CROSS JOIN LATERAL (SELECT * FROM payouts r WHERE r.lane = $1 AND r.account_id = n.account_id
                                                                AND r.payout_id = c.payout_id LIMIT 1) f
                UNION ALL
                SELECT f.* FROM json_to_recordset(:cases::json) AS n(account_id text, case_id text)
                  CROSS JOIN LATERAL (SELECT r.provider_payout_id FROM cases r
                                       WHERE r.lane = $1 AND r.account_id = n.account_id AND r.case_id = n.case_id
                                       LIMIT 1) c
                  CROSS JOIN LATERAL (SELECT * FROM payouts r
                                       WHERE r.lane = $1 AND r.provider_payout_id = c.provider_payout_id
                                         AND r.account_id = n.account_id LIMIT 1) f
                UNION ALL
                SELECT f.* FROM json_to_recordset(:unanswered::json) AS n(account_id text, amount text, currency text)
                  CROSS JOIN LATERAL (SELECT * FROM payouts r
                                       WHERE r.lane = $1 AND r.account_id = n.account_id AND r.backend = 'plugipay'
                                         AND r.status = 'pending' AND r.provider_payout_id IS NULL
                                         AND r.submission IS NOT NULL AND r.amount = n.amount::bigint
                                         AND r.currency = n.currency LIMIT 100) f) p) AS payouts
