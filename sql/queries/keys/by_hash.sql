-- The active key with this secret.   1 SHA-256 of the secret
SELECT key_id, secret_hash, secret_sealed, mode, scopes, account_id, on_behalf_of, user_id, mac FROM api_keys
 WHERE secret_hash = $1 AND revoked_at IS NULL
