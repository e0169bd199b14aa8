-- Payouts by id, by the provider's id, by the case about them, and those of an amount without an answer.
(SELECT json_agg(json_build_object(
                   'account_id', p.account_id, 'payout_id', p.payout_id, 'position', p.position, 'amount', p.amount,
                   'currency', p.currency, 'status', p.status, 'backend', p.backend, 'bank_code', p.bank_code,
                   'bank_name', p.bank_name, 'bank_account_number', p.bank_account_number,
                   'bank_account_holder', p.bank_account_holder, 'note', p.note, 'reference', p.reference,
                   'failure_reason', p.failure_reason, 'provider_payout_id', p.provider_payout_id,
                   'requested_at', instant(p.requested_at), 'in_transit_at', instant(p.in_transit_at),
                   'paid_at', instant(p.paid_at), 'failed_at', instant(p.failed_at),
                   'cancelled_at', instant(p.cancelled_at), 'returned_at', instant(p.returned_at), 'told', p.told,
                   'contradictions', p.contradictions, 'submission', p.submission, 'attempt', p.attempt,
                   'submission_started_at', instant(p.submission_started_at),
                   'cancel_asked_at', instant(p.cancel_asked_at)))
          FROM (SELECT f.* FROM json_to_recordset(:payouts::json) AS n(account_id text, payout_id text)
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
