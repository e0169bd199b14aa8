-- Revokes a key, which has no MAC any more, and moves the epoch so that every service notices; gives the key, or no row where it is not active.
--   1 key id   2 now
WITH noticed AS (UPDATE api_key_epoch SET epoch = epoch + 1)
UPDATE api_keys SET revoked_at = $2, mac = NULL WHERE key_id = $1 AND revoked_at IS NULL
RETURNING key_id, mode, scopes, account_id, on_behalf_of, label
