-- Matches by id.
(SELECT json_agg(json_build_object(
                   'account_id', m.account_id, 'match_id', m.match_id, 'position', m.position, 'entry_id', m.entry_id,
                   'currency', m.currency, 'targets', m.targets, 'reason', m.reason, 'made_by', m.made_by,
                   'made_at', instant(m.made_at), 'unmade_at', instant(m.unmade_at), 'unmade_by', m.unmade_by,
                   'unmade_reason', m.unmade_reason))
          FROM json_to_recordset(:matches::json) AS n(account_id text, match_id text)
          CROSS JOIN LATERAL (SELECT * FROM matches r
                               WHERE r.lane = $1 AND r.account_id = n.account_id AND r.match_id = n.match_id LIMIT 1) m)
       AS matches
