-- The ids of the provider's events that were ingested.
provider_events_now AS (
    INSERT INTO provider_events (lane, account_id, event_id, position)
    SELECT head.lane, r.account_id, r.event_id, r.position
      FROM head, json_to_recordset(:provider_events::json) AS r(account_id text, event_id text, position bigint)
)
