-- All accounts' webhook secrets, with all that their MACs cover.
SELECT lane, account_id, secret_id, secret, added_at, retired_at, mac FROM webhook_secrets
 ORDER BY lane, account_id, secret_id
