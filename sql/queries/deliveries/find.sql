-- One stored delivery, and the keys that may have sealed it.
--   1 lanes   2 modes of accounts   3 account id, or null   4 delivery id
SELECT d.lane, d.delivery_id::text AS delivery_id, d.account_id, d.provider, d.event_id, d.raw, d.signature,
       d.signature IS NOT NULL AS signed, instant(d.received_at) AS received_at,
       instant(d.recorded_at) AS recorded_at, d.verdict, d.reason, d.origin,
       p.delivery_id IS NOT NULL AS parked, instant(p.ended_at) AS ended_at, p.ended_how, p.ended_by, a.mode,
       (SELECT json_agg(json_build_object('account_id', k.account_id, 'generation', k.generation,
                                          'wrapped', encode(k.wrapped, 'base64')))
          FROM account_keys k
         WHERE k.lane = d.lane AND k.account_id IN (d.account_id, 'system'))::text AS keys
  FROM deliveries d
  JOIN accounts a ON a.lane = d.lane AND a.account_id = d.account_id
  LEFT JOIN parked_deliveries p ON p.lane = d.lane AND p.delivery_id = d.delivery_id
 WHERE d.lane = ANY ($1::integer[]) AND a.mode = ANY ($2::text[]) AND ($3::text IS NULL OR d.account_id = $3)
   AND d.delivery_id = $4::uuid
