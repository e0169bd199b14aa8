-- The events, in order.
appended AS (
    INSERT INTO events (lane, position, account_id, version, type, effective_at, recorded_at, envelope, digest)
    SELECT head.lane, r.position, r.account_id, r.version, r.type, r.effective_at, $5, r.envelope,
           decode(r.digest, 'hex')
      FROM head, ROWS FROM (json_to_recordset(:events::json)
                              AS (position bigint, account_id text, version bigint, type text, effective_at timestamptz,
                                  digest text),
                            unnest(:envelopes::text[]))
           AS r(position, account_id, version, type, effective_at, digest, envelope)
)
