-- Claims accounts in which a period of the own statements may have ended: its time has come, the cycle was set anew, or
-- something happened in an account whose statements are cut by deliveries.
--   1 lane   2 now   3 leased until   4 how many
WITH due AS (
    SELECT a.account_id
      FROM accounts a
      LEFT JOIN statement_work w ON w.lane = a.lane AND w.account_id = a.account_id
     WHERE a.lane = $1 AND (a.settings->'statementCycle'->>'dueAt') COLLATE "C" <= instant($2)
       AND (w.account_id IS NULL
            OR w.leased_until <= $2
               AND (w.due_at <= $2
                    OR w.looked_version < CASE a.settings->'statementCycle'->>'cycle'
                                               WHEN 'delivered_order' THEN a.version
                                               ELSE (a.settings->'statementCycle'->>'setVersion')::bigint END))
     ORDER BY (a.settings->'statementCycle'->>'dueAt') COLLATE "C"
     LIMIT $4
)
INSERT INTO statement_work AS w (lane, account_id, leased_until, looked_version)
SELECT $1, due.account_id, $3, 0 FROM due
ON CONFLICT (lane, account_id) DO UPDATE SET leased_until = excluded.leased_until
 WHERE w.leased_until <= $2
RETURNING w.account_id
