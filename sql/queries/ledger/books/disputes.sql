-- Disputes by id.
(SELECT json_agg(json_build_object(
                   'account_id', d.account_id, 'dispute_id', d.dispute_id, 'currency', d.currency,
                   'reference', d.reference, 'amount', d.amount, 'reason', d.reason, 'status', d.status,
                   'position', d.position, 'opened_at', instant(d.opened_at),
                   'resolved_at', instant(d.resolved_at), 'resolution', d.resolution))
          FROM json_to_recordset(:disputes::json) AS n(account_id text, dispute_id text)
          CROSS JOIN LATERAL (SELECT * FROM disputes r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.dispute_id = n.dispute_id LIMIT 1) d) AS disputes
