-- The active keys of a user with an e-mail address.   1 user id
SELECT key_id, secret_hash, secret_sealed, mode, scopes, account_id, on_behalf_of, user_id, mac FROM api_keys
 WHERE user_id = $1 AND revoked_at IS NULL AND account_id IS NOT NULL
 ORDER BY created_at DESC, key_id
