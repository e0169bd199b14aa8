-- Gauges of the whole ledger. Each is counted in an index that has nothing else in it.   1 lanes   2 now
SELECT 'position' AS name, lane::text AS label, position::float8 AS value FROM lanes WHERE lane = ANY ($1::integer[])
UNION ALL
SELECT 'parked', lane::text, count(*) FROM parked_deliveries
 WHERE lane = ANY ($1::integer[]) AND ended_at IS NULL GROUP BY lane
UNION ALL
SELECT 'cases', kind, count(*) FROM cases WHERE lane = ANY ($1::integer[]) AND closed_at IS NULL GROUP BY kind
UNION ALL
SELECT 'payouts', status, count(*) FROM payouts
 WHERE lane = ANY ($1::integer[]) AND backend = 'plugipay' AND status IN ('pending', 'in_transit') GROUP BY status
UNION ALL
SELECT 'submissions_unanswered', '', count(*) FROM payouts
 WHERE lane = ANY ($1::integer[]) AND backend = 'plugipay' AND status IN ('pending', 'in_transit')
   AND submission IN ('started', 'unknown')
UNION ALL
SELECT 'payouts_unsubmitted', '', count(*) FROM payouts
 WHERE lane = ANY ($1::integer[]) AND backend = 'plugipay' AND status = 'pending' AND submission IS NULL
UNION ALL
SELECT 'payout_unsubmitted_age_seconds', '', greatest(0, extract(epoch FROM $2 - min(requested_at)))::float8 FROM payouts
 WHERE lane = ANY ($1::integer[]) AND backend = 'plugipay' AND status = 'pending' AND submission IS NULL
