-- Which of these events of the provider were ingested, with what the log has of them.
(SELECT json_agg(json_build_object('account_id', e.account_id, 'envelope', e.envelope))
          FROM json_to_recordset(:observed::json) AS n(account_id text, event_id text)
          CROSS JOIN LATERAL (SELECT r.account_id, v.envelope::json AS envelope
                                FROM provider_events r
                                JOIN events v ON v.lane = r.lane AND v.position = r.position
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.event_id = n.event_id LIMIT 1) e) AS provider_events
