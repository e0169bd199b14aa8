-- Queues deliveries; one that exists already is queued again, unless it is being sent.
--   1 lane   2 account ids   3 endpoint ids   4 event ids   5 positions   6 types   7 times switched on   8 now
INSERT INTO webhook_deliveries AS d (lane, account_id, endpoint_id, event_id, position, type, status, switched_on,
                                     next_attempt_at, queued_at)
SELECT $1, account_id, endpoint_id, event_id, position, type, 'pending', switched_on, $8, $8
  FROM unnest($2::text[], $3::text[], $4::uuid[], $5::bigint[], $6::text[], $7::integer[])
       AS r(account_id, endpoint_id, event_id, position, type, switched_on)
ON CONFLICT (lane, account_id, endpoint_id, event_id) DO UPDATE
   SET status = 'pending', retries = 0, next_attempt_at = $8, switched_on = excluded.switched_on, queued_at = $8
 WHERE d.status <> 'sending' OR d.next_attempt_at <= $8
