-- Deliveries, newest first, without their bodies. A delivery id sorts by its time of creation.
--   1 lanes   2 modes of accounts   3 account id, or null   4 verdict, or null   5 whether only those that still wait
--   6 before delivery id, or null   7 limit
SELECT f.lane, f.delivery_id::text AS delivery_id, f.account_id, f.provider, f.event_id, f.signature IS NOT NULL AS signed,
       instant(f.received_at) AS received_at, instant(f.recorded_at) AS recorded_at, f.verdict, f.reason, f.origin,
       f.parked, instant(f.ended_at) AS ended_at, f.ended_how, f.ended_by
  FROM unnest($1::integer[]) AS n(lane)
 CROSS JOIN LATERAL (SELECT d.*, p.delivery_id IS NOT NULL AS parked, p.ended_at, p.ended_how, p.ended_by
                       FROM deliveries d
                       JOIN accounts a ON a.lane = d.lane AND a.account_id = d.account_id
                       LEFT JOIN parked_deliveries p ON p.lane = d.lane AND p.delivery_id = d.delivery_id
                      WHERE d.lane = n.lane AND a.mode = ANY ($2::text[])
                        AND ($3::text IS NULL OR d.account_id = $3)
                        AND ($4::text IS NULL OR d.verdict = $4)
                        AND (NOT $5 OR (p.delivery_id IS NOT NULL AND p.ended_at IS NULL))
                        AND ($6::uuid IS NULL OR d.delivery_id < $6)
                      ORDER BY d.delivery_id DESC LIMIT $7) f
 ORDER BY f.delivery_id DESC
 LIMIT $7
