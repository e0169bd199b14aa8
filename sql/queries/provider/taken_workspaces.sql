-- Which of these workspaces belong to another account, in any lane: to an account that has set it, or to one with the
-- same id, which gets the deliveries of a workspace that no account has set. An account may keep a workspace that it
-- already has, also if it has shared it since before sharing was refused.
--   1 workspace ids   2 the account that wants each
SELECT w.workspace_id
  FROM unnest($1::text[], $2::text[]) AS w(workspace_id, account_id)
 WHERE (EXISTS (SELECT FROM providers p WHERE p.workspace_id = w.workspace_id AND p.account_id <> w.account_id)
        OR (w.workspace_id <> w.account_id AND EXISTS (SELECT FROM account_lanes a WHERE a.account_id = w.workspace_id)))
   AND NOT EXISTS (SELECT FROM providers p WHERE p.workspace_id = w.workspace_id AND p.account_id = w.account_id)
