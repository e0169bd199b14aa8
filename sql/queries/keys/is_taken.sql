-- Whether a key has, or had, this secret.   1 SHA-256 of the secret
SELECT EXISTS (SELECT FROM api_keys WHERE secret_hash = $1)
