-- The account for which a signature was seen first: the given one, if it is new. Forgets some that are good for nothing any more.
--   1 signature  2 account id, or empty  3 seconds for which a signature is good
WITH forgotten AS (
    DELETE FROM seen_signatures WHERE signature IN (
        SELECT signature FROM seen_signatures
        WHERE seen_at < now() - make_interval(secs => 2 * $3::float8)
        ORDER BY seen_at LIMIT 10 FOR UPDATE SKIP LOCKED
    )
)
INSERT INTO seen_signatures (signature, account_id) VALUES ($1, $2)
ON CONFLICT (signature) DO UPDATE SET account_id = seen_signatures.account_id
RETURNING account_id
