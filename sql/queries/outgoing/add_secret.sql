-- Adds a secret of an endpoint.   1 lane   2 account id   3 endpoint id   4 secret id   5 sealed secret   6 now
INSERT INTO webhook_endpoint_secrets (lane, account_id, endpoint_id, secret_id, secret, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
