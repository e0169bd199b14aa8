-- What an account has set about its channels.   1 lane   2 account id
SELECT a.settings,
       (SELECT json_agg(json_build_object('channel', c.channel, 'zone', c.zone))
          FROM channels c WHERE c.lane = $1 AND c.account_id = $2)::text AS channels
  FROM accounts a
 WHERE a.lane = $1 AND a.account_id = $2
