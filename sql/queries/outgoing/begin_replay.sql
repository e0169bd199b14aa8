-- Begins a replay for an endpoint that is on, instead of one under way; no row where it is off.
--   1 lane   2 account id   3 endpoint id   4 from position   5 to position   6 the account's version before   7 now
UPDATE webhook_endpoints SET replay_from = $4, replay_to = $5, replay_version = $6, updated_at = $7
 WHERE lane = $1 AND account_id = $2 AND endpoint_id = $3 AND enabled
RETURNING endpoint_id
