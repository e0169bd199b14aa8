-- The answer stored under a key.   1 lane   2 account id   3 key
SELECT digest, status, answer, key_generation FROM answers WHERE lane = $1 AND account_id = $2 AND key = $3
