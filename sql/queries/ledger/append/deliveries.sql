-- Deliveries as received; parked ones are also listed in `parked_deliveries`.
deliveries_now AS (
    INSERT INTO deliveries (lane, delivery_id, account_id, provider, event_id, digest, raw, key_generation, signature,
                            received_at, recorded_at, verdict, reason, origin)
    SELECT head.lane, r.delivery_id, r.account_id, r.provider, r.event_id, r.digest, decode(r.raw, 'base64'),
           r.key_generation, r.signature, r.received_at, $5, r.verdict, r.reason, r.origin
      FROM head, json_to_recordset(:deliveries::json)
           AS r(delivery_id uuid, account_id text, provider text, event_id text, digest text, raw text,
                key_generation integer, signature text, received_at timestamptz, verdict text, reason text, origin text)
), parked_now AS (
    INSERT INTO parked_deliveries (lane, delivery_id, account_id, reason, parked_at)
    SELECT head.lane, r.delivery_id, r.account_id, r.reason, $5
      FROM head, json_to_recordset(:deliveries::json) AS r(delivery_id uuid, account_id text, reason text, verdict text)
     WHERE r.verdict = 'parked'
)
