-- Of workspaces that accounts want, those that are another account's, in any lane: claimed by it, or named as it is, which
-- is what deliveries go by where nobody has claimed them. What an account has it keeps, also where
-- it shares it with another since before that was refused.
--   1 workspace ids   2 the account that wants each
SELECT w.workspace_id
  FROM unnest($1::text[], $2::text[]) AS w(workspace_id, account_id)
 WHERE (EXISTS (SELECT FROM providers p WHERE p.workspace_id = w.workspace_id AND p.account_id <> w.account_id)
        OR (w.workspace_id <> w.account_id AND EXISTS (SELECT FROM account_lanes a WHERE a.account_id = w.workspace_id)))
   AND NOT EXISTS (SELECT FROM providers p WHERE p.workspace_id = w.workspace_id AND p.account_id = w.account_id)
