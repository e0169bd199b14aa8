-- A lane's complete events, in order.   1 lane   2 after position   3 limit
SELECT position, account_id, version, type, effective_at, recorded_at, envelope, digest
  FROM events WHERE lane = $1 AND position > $2 ORDER BY position LIMIT $3
