-- An active key.   1 key id
SELECT key_id, secret_hash, secret_sealed, mode, scopes, account_id, on_behalf_of, user_id, mac FROM api_keys
 WHERE key_id = $1 AND revoked_at IS NULL
