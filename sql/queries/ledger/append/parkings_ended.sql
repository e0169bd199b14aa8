-- Parked deliveries whose quarantine ends; fenced by `parkings_ended_guard.sql`.
parked_no_more AS (
    UPDATE parked_deliveries p
       SET ended_at = $4, ended_how = r.how, ended_by = r.by
      FROM head, json_to_recordset(:parkings_ended::json) AS r(delivery_id uuid, how text, by text)
     WHERE p.lane = head.lane AND p.delivery_id = r.delivery_id
)
