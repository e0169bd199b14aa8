-- A lane's next events, with the content of those that an endpoint may subscribe to.
--   1 lane   2 after position   3 limit
SELECT v.position,
       CASE WHEN v.account_id IN (SELECT account_id FROM webhook_endpoints WHERE lane = $1 AND switched_on > 0)
            THEN v.envelope END AS envelope
  FROM events v
 WHERE v.lane = $1 AND v.position > $2
 ORDER BY v.position
 LIMIT $3
