-- An account's settings of its channels, and the version of its state.   1 lane   2 account id
SELECT a.settings, a.version, h.position AS head,
       coalesce((SELECT c.position FROM checkpoints c WHERE c.lane = $1 AND c.projection = 'settlements'), 0) AS followed,
       (SELECT json_agg(json_build_object('channel', c.channel, 'zone', c.zone))
          FROM channels c WHERE c.lane = $1 AND c.account_id = $2)::text AS channels
  FROM accounts a
  JOIN lanes h ON h.lane = a.lane
 WHERE a.lane = $1 AND a.account_id = $2
