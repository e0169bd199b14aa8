-- All accounts' accesses to the provider, with all that their MACs cover.
SELECT lane, account_id, workspace_id, key_id, secret, base_url, mac FROM providers ORDER BY lane, account_id
