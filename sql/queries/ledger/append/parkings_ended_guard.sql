-- All of these deliveries are still parked.
NOT EXISTS (
    SELECT FROM json_to_recordset(:parkings_ended::json) AS e(delivery_id uuid)
     WHERE NOT EXISTS (SELECT FROM parked_deliveries p
                        WHERE p.lane = $1 AND p.delivery_id = e.delivery_id AND p.ended_at IS NULL))
