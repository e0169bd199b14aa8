-- Which of these events of the provider were ingested.
(SELECT json_agg(json_build_object('account_id', e.account_id, 'event_id', e.event_id))
          FROM json_to_recordset(:observed::json) AS n(account_id text, event_id text)
          CROSS JOIN LATERAL (SELECT * FROM provider_events r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.event_id = n.event_id LIMIT 1) e) AS provider_events
