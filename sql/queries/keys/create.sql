-- Adds a key, and moves the epoch so that every service notices.
--   1 key id  2 secret hash  3 sealed secret  4 mode  5 scopes  6 account id or null  7 on behalf of  8 label  9 now
--   10 user id or null  11 MAC
WITH noticed AS (UPDATE api_key_epoch SET epoch = epoch + 1)
INSERT INTO api_keys (key_id, secret_hash, secret_sealed, mode, scopes, account_id, on_behalf_of, label, created_at, user_id,
                      mac)
VALUES ($1, $2, $3, $4, $5::text[], $6, $7, $8, $9, $10, $11)
