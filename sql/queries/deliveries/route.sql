-- The accounts with these ids or these workspaces, with what is needed to verify their deliveries, and with the row that
-- says that a workspace is an account's.
--   1 workspace or account ids
SELECT coalesce(p.workspace_id, l.account_id) AS named, l.account_id, l.lane,
       CASE WHEN p.account_id IS NOT NULL THEN to_json(p)::text END AS provider,
       (SELECT json_agg(json_build_object('lane', s.lane, 'account_id', s.account_id, 'secret_id', s.secret_id,
                                          'mac', s.mac, 'secret', s.secret, 'added_at', instant(s.added_at),
                                          'retired_at', instant(s.retired_at)))
          FROM webhook_secrets s WHERE s.lane = l.lane AND s.account_id = l.account_id)::text AS secrets,
       (SELECT json_agg(json_build_object('generation', k.generation, 'wrapped', encode(k.wrapped, 'base64')))
          FROM account_keys k WHERE k.lane = l.lane AND k.account_id = l.account_id)::text AS keys
  FROM account_lanes l
  LEFT JOIN providers p ON p.lane = l.lane AND p.account_id = l.account_id AND p.workspace_id = ANY ($1::text[])
 WHERE l.account_id = ANY ($1::text[])
    OR l.account_id IN (SELECT account_id FROM providers WHERE workspace_id = ANY ($1::text[]))
