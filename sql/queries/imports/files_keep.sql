-- Keeps how a file was read last; the first time, the file too. It is of the account that sealed it.
--   1 lane   2 account id   3 digest   4 sealed by   5 key generation   6 bytes   7 request   8 shop   9 arrived at
INSERT INTO import_files (lane, account_id, digest, sealed_by, generation, bytes, request, shop, arrived_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (lane, account_id, digest) DO UPDATE
   SET request = excluded.request, shop = excluded.shop, sealed_by = excluded.sealed_by, generation = excluded.generation
