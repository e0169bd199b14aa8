-- The keys that are not revoked, with all that their MACs cover.
SELECT key_id, secret_hash, secret_sealed, mode, scopes, account_id, on_behalf_of, user_id, mac FROM api_keys
 WHERE revoked_at IS NULL ORDER BY key_id
