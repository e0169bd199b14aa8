-- Cases by id, by what the provider calls their payout, and by the payout they are about.
(SELECT json_agg(json_build_object(
                   'account_id', c.account_id, 'case_id', c.case_id, 'position', c.position, 'kind', c.kind,
                   'known', c.known, 'said', c.said, 'payout_id', c.payout_id,
                   'provider_payout_id', c.provider_payout_id, 'amount', c.amount, 'currency', c.currency,
                   'told', c.told, 'opened_at', instant(c.opened_at), 'closed_at', instant(c.closed_at),
                   'reason', c.reason, 'closed_by', c.closed_by))
          FROM (SELECT f.* FROM json_to_recordset(:cases::json) AS n(account_id text, case_id text)
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
