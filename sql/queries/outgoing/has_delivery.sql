-- Whether an endpoint has a delivery of an event.   1 lane   2 account id   3 endpoint id   4 event id
SELECT true FROM webhook_deliveries
 WHERE lane = $1 AND account_id = $2 AND endpoint_id = $3 AND event_id = $4::text::uuid
