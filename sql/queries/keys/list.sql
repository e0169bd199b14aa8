-- All keys, newest first, with all that their MACs cover.
SELECT key_id, secret_hash, secret_sealed, mac, mode, scopes, account_id, on_behalf_of, label, user_id, instant(created_at) AS created_at,
       instant(revoked_at) AS revoked_at
  FROM api_keys ORDER BY api_keys.created_at DESC, key_id
