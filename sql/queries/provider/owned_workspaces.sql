-- Whose these workspaces are, in any lane: another account's that has set it, or that has the same id and gets the
-- deliveries of a workspace that no account has set; and the account's own that wants it. An account may keep a workspace
-- that it already has, also if it has shared it since before sharing was refused.
--   1 workspace ids   2 the account that wants each
SELECT w.workspace_id,
       EXISTS (SELECT FROM providers p WHERE p.workspace_id = w.workspace_id AND p.account_id <> w.account_id)
       OR (w.workspace_id <> w.account_id AND EXISTS (SELECT FROM account_lanes a WHERE a.account_id = w.workspace_id))
           AS is_taken,
       EXISTS (SELECT FROM providers p WHERE p.workspace_id = w.workspace_id AND p.account_id = w.account_id) AS is_own
  FROM unnest($1::text[], $2::text[]) AS w(workspace_id, account_id)
