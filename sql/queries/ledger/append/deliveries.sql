-- Deliveries as received; parked ones are also listed in `parked_deliveries`.
deliveries_now AS (
    INSERT INTO deliveries (lane, delivery_id, account_id, provider, event_id, digest, raw, key_generation, signature,
                            received_at, recorded_at, verdict, reason, origin)
    SELECT head.lane, r.delivery_id, r.account_id, r.provider, r.event_id, r.digest, r.raw,
           r.key_generation, r.signature, r.received_at, $4, r.verdict, r.reason, r.origin
      FROM head, ROWS FROM (json_to_recordset(:deliveries::json)
                              AS (delivery_id uuid, account_id text, provider text, event_id text, digest text,
                                  key_generation integer, signature text, received_at timestamptz, verdict text,
                                  reason text, origin text),
                            unnest(:sealed_deliveries::bytea[]))
           AS r(delivery_id, account_id, provider, event_id, digest, key_generation, signature, received_at, verdict,
                reason, origin, raw)
    RETURNING lane, delivery_id, account_id, reason, verdict
), parked_now AS (
    INSERT INTO parked_deliveries (lane, delivery_id, account_id, reason, parked_at)
    SELECT lane, delivery_id, account_id, reason, $4
      FROM deliveries_now
     WHERE verdict = 'parked'
)
