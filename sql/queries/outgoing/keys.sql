-- The keys of some accounts, of all generations that were not destroyed.   1 lane   2 account ids
SELECT account_id, generation, wrapped FROM account_keys WHERE lane = $1 AND account_id = ANY ($2::text[])
